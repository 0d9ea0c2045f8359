-- Touched buckets of one grain: what their messages count now takes the place of what they counted
-- before. By differences, since to count a bucket anew is to read all of its messages, over weeks of
-- them. The buckets are taken out, summed and put back. A bucket is known by its key, one number instead
-- of six columns that may be null; two buckets with one key do no harm, they are taken out and put back
-- together.
DELETE FROM {stats} WHERE bucket_key IN (SELECT bucket_key FROM touched_stats);

-- Most are new, and there is nothing to sum.
INSERT INTO {stats}
FROM after_{stats} WHERE bucket_key NOT IN (SELECT bucket_key FROM touched_stats) ORDER BY bucket;

INSERT INTO {stats}
WITH signed AS (
    SELECT *, 1 AS sign FROM touched_stats
    UNION ALL
    SELECT *, 1 FROM after_{stats} WHERE bucket_key IN (SELECT bucket_key FROM touched_stats)
    UNION ALL
    SELECT *, -1 FROM before_{stats}
)
SELECT bucket_key, bucket, campaign, campaign_type, gateway, sender, country,
       sum(sign * COLUMNS(* EXCLUDE (bucket_key, bucket, campaign, campaign_type, gateway, sender,
                                     country, deliver_slots, click_slots, sign)))::BIGINT,
       histogram_of(flatten(list(signed_slots(deliver_slots, sign)))),
       histogram_of(flatten(list(signed_slots(click_slots, sign))))
FROM signed
GROUP BY bucket_key, bucket, campaign, campaign_type, gateway, sender, country
HAVING sum(sign * (messages + suppressed)) > 0
ORDER BY bucket;
