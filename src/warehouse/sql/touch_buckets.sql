-- The buckets of one grain that a load touches, as they are: those in which its messages counted before, or
-- count now.
CREATE OR REPLACE TEMP TABLE touched_stats AS
FROM {stats} WHERE bucket_key IN (
    SELECT bucket_key FROM before_{stats} UNION SELECT bucket_key FROM after_{stats});
