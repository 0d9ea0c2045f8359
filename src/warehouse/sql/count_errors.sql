-- What changes in what went wrong with these messages, in the buckets of a quarter of an hour. {into} is where
-- to put it.
INSERT INTO {into}
SELECT bucket_key, bucket, campaign, campaign_type, gateway, sender, country,
       evidence.gateway, status, evidence.error_class, evidence.error_code, sum(sign)::BIGINT
FROM bucket_messages
WHERE NOT suppressed AND status IN ('undelivered', 'failed', 'rejected', 'expired', 'canceled')
GROUP BY ALL
HAVING sum(sign) <> 0
ORDER BY bucket;
