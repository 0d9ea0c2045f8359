-- What `fold_buckets.sql` does, for what went wrong.
CREATE OR REPLACE TEMP TABLE touched_errors AS
FROM error_stats WHERE bucket_key IN (SELECT bucket_key FROM error_changes);

DELETE FROM error_stats WHERE bucket_key IN (SELECT bucket_key FROM touched_errors);

INSERT INTO error_stats
SELECT bucket_key, bucket, campaign, campaign_type, gateway, sender, country, error_gateway, status,
       error_class, error_code, sum(messages)::BIGINT
FROM (FROM touched_errors UNION ALL FROM error_changes)
GROUP BY bucket_key, bucket, campaign, campaign_type, gateway, sender, country, error_gateway, status,
         error_class, error_code
HAVING sum(messages) > 0
ORDER BY bucket;
