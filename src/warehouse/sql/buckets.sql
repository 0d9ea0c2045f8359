-- What messages count in their buckets. {messages} says where they are, {stats} and {errors} where to
-- put it.
CREATE OR REPLACE TEMP TABLE bucket_messages AS
SELECT bucket_key, bucket, campaign, campaign_type, gateway, sender, country, suppressed, status,
       has_link, human_clicks, clicks, replies, opt_outs, evidence,
       latency_slot(message_recorded_at, delivered_at) AS deliver_slot,
       latency_slot(message_recorded_at, human_click_at) AS click_slot
FROM {messages}
WHERE NOT test;

INSERT INTO {stats}
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
FROM bucket_messages
GROUP BY bucket_key, bucket, campaign, campaign_type, gateway, sender, country
ORDER BY bucket;

INSERT INTO {errors}
SELECT bucket_key, bucket, campaign, campaign_type, gateway, sender, country,
       evidence.gateway, status, evidence.error_class, evidence.error_code, count(*)
FROM bucket_messages
WHERE NOT suppressed AND status IN ('undelivered', 'failed', 'rejected', 'expired', 'canceled')
GROUP BY ALL
ORDER BY bucket;
