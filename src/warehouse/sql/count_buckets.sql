-- What these messages count in the buckets of one grain. {key} and {bucket} say which those are, {into}
-- is where to put it.
INSERT INTO {into}
WITH placed AS (
    SELECT * REPLACE ({key} AS bucket_key, {bucket} AS bucket) FROM bucket_messages
)
SELECT
    bucket_key, bucket, campaign, campaign_type, gateway, sender, country,
    count(*) FILTER (NOT suppressed),
    count(*) FILTER (suppressed),
    count(*) FILTER (NOT suppressed AND status = 'recorded'),
    count(*) FILTER (NOT suppressed AND status = 'accepted'),
    count(*) FILTER (NOT suppressed AND status = 'queued'),
    count(*) FILTER (NOT suppressed AND status = 'sent'),
    count(*) FILTER (NOT suppressed AND status = 'unknown'),
    count(*) FILTER (NOT suppressed AND status = 'delivered'),
    count(*) FILTER (NOT suppressed AND status = 'undelivered'),
    count(*) FILTER (NOT suppressed AND status = 'failed'),
    count(*) FILTER (NOT suppressed AND status = 'rejected'),
    count(*) FILTER (NOT suppressed AND status = 'expired'),
    count(*) FILTER (NOT suppressed AND status = 'canceled'),
    count(*) FILTER (NOT suppressed AND status = 'delivered' AND has_link),
    count(*) FILTER (NOT suppressed AND status = 'delivered' AND has_link AND human_clicks > 0),
    count(*) FILTER (human_clicks > 0),
    sum(clicks)::BIGINT,
    sum(human_clicks)::BIGINT,
    sum(replies)::BIGINT,
    sum(opt_outs)::BIGINT,
    histogram(deliver_slot)
        FILTER (NOT suppressed AND status = 'delivered' AND deliver_slot IS NOT NULL),
    histogram(click_slot) FILTER (click_slot IS NOT NULL)
FROM placed
GROUP BY bucket_key, bucket, campaign, campaign_type, gateway, sender, country
ORDER BY bucket;
