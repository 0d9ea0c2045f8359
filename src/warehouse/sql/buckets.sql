-- Touched buckets are deleted and counted again from the messages: exact whatever came before, and
-- by touched tuples instead of touched hours nearly four times as fast.
CREATE OR REPLACE TEMP TABLE stale_buckets AS SELECT DISTINCT * FROM touched_buckets;

DELETE FROM message_stats AS stats USING stale_buckets AS stale
WHERE stats.bucket = stale.bucket
  AND stats.campaign IS NOT DISTINCT FROM stale.campaign
  AND stats.campaign_type IS NOT DISTINCT FROM stale.campaign_type
  AND stats.gateway IS NOT DISTINCT FROM stale.gateway
  AND stats.sender IS NOT DISTINCT FROM stale.sender
  AND stats.country IS NOT DISTINCT FROM stale.country;

DELETE FROM error_stats AS stats USING stale_buckets AS stale
WHERE stats.bucket = stale.bucket
  AND stats.campaign IS NOT DISTINCT FROM stale.campaign
  AND stats.campaign_type IS NOT DISTINCT FROM stale.campaign_type
  AND stats.gateway IS NOT DISTINCT FROM stale.gateway
  AND stats.sender IS NOT DISTINCT FROM stale.sender
  AND stats.country IS NOT DISTINCT FROM stale.country;

-- All messages of those buckets, touched or not.
CREATE OR REPLACE TEMP TABLE bucket_messages AS
SELECT message.*
FROM messages AS message
SEMI JOIN stale_buckets AS stale
    ON message.bucket = stale.bucket
   AND message.campaign IS NOT DISTINCT FROM stale.campaign
   AND message.campaign_type IS NOT DISTINCT FROM stale.campaign_type
   AND message.gateway IS NOT DISTINCT FROM stale.gateway
   AND message.sender IS NOT DISTINCT FROM stale.sender
   AND message.country IS NOT DISTINCT FROM stale.country
WHERE {hours} AND NOT message.test;

INSERT INTO message_stats
SELECT
    bucket, campaign, campaign_type, gateway, sender, country,
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
    histogram(latency_slot(message_recorded_at, delivered_at))
        FILTER (NOT suppressed AND status = 'delivered' AND delivered_at IS NOT NULL),
    histogram(latency_slot(message_recorded_at, human_click_at))
        FILTER (human_click_at IS NOT NULL)
FROM bucket_messages
GROUP BY bucket, campaign, campaign_type, gateway, sender, country
ORDER BY bucket;

INSERT INTO error_stats
SELECT bucket, campaign, campaign_type, gateway, sender, country,
       evidence.gateway, status, evidence.error_class, evidence.error_code, count(*)
FROM bucket_messages
WHERE NOT suppressed AND status IN ('undelivered', 'failed', 'rejected', 'expired', 'canceled')
GROUP BY ALL
ORDER BY bucket;
