-- Changes of buckets, into the buckets of one grain. {stats} are those; {changes} are of quarters of an hour, and
-- {key} and {bucket} say which bucket each of them is in. A bucket is known by its key, one number instead of
-- six columns that may be null; two buckets with one key do no harm, they are taken out and put back together.
CREATE OR REPLACE TEMP TABLE placed AS
SELECT * REPLACE ({key} AS bucket_key, {bucket} AS bucket) FROM {changes};

-- The buckets that change, as they are.
CREATE OR REPLACE TEMP TABLE touched AS
SELECT *, NULL::MAP(UTINYINT, UBIGINT) AS deliver_slots_less,
       NULL::MAP(UTINYINT, UBIGINT) AS click_slots_less
FROM {stats} WHERE bucket_key IN (SELECT bucket_key FROM placed);

DELETE FROM {stats} WHERE bucket_key IN (SELECT bucket_key FROM touched);

-- Those that one row tells all of: there is nothing to sum.
CREATE OR REPLACE TEMP TABLE alone AS
SELECT bucket_key FROM placed GROUP BY bucket_key HAVING count(*) = 1
EXCEPT
SELECT bucket_key FROM touched;

INSERT INTO {stats}
SELECT * EXCLUDE (deliver_slots_less, click_slots_less)
FROM placed WHERE bucket_key IN (FROM alone)
ORDER BY bucket;

INSERT INTO {stats}
WITH parts AS (
    FROM touched
    UNION ALL
    FROM placed WHERE bucket_key NOT IN (FROM alone)
)
SELECT bucket_key, bucket, campaign, campaign_type, gateway, sender, country,
       sum(COLUMNS(* EXCLUDE (bucket_key, bucket, campaign, campaign_type, gateway, sender, country,
                              deliver_slots, click_slots, deliver_slots_less, click_slots_less)))::BIGINT,
       histogram_of(list_concat(flatten(list(signed_slots(deliver_slots, 1))),
                                flatten(list(signed_slots(deliver_slots_less, -1))))),
       histogram_of(list_concat(flatten(list(signed_slots(click_slots, 1))),
                                flatten(list(signed_slots(click_slots_less, -1)))))
FROM parts
GROUP BY bucket_key, bucket, campaign, campaign_type, gateway, sender, country
HAVING sum(messages + suppressed) > 0
ORDER BY bucket;
