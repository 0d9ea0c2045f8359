-- What `merge_buckets.sql` does, for what went wrong in the touched buckets.
CREATE OR REPLACE TEMP TABLE touched_errors AS
FROM error_stats WHERE bucket_key IN (
    SELECT bucket_key FROM before_error_stats UNION SELECT bucket_key FROM after_error_stats);

DELETE FROM error_stats WHERE bucket_key IN (SELECT bucket_key FROM touched_errors);

INSERT INTO error_stats
WITH signed AS (
    SELECT *, 1 AS sign FROM touched_errors
    UNION ALL
    SELECT *, 1 FROM after_error_stats
    UNION ALL
    SELECT *, -1 FROM before_error_stats
)
SELECT bucket_key, bucket, campaign, campaign_type, gateway, sender, country, error_gateway, status,
       error_class, error_code, sum(sign * messages)::BIGINT
FROM signed
GROUP BY bucket_key, bucket, campaign, campaign_type, gateway, sender, country, error_gateway, status,
         error_class, error_code
HAVING sum(sign * messages) > 0
ORDER BY bucket;
