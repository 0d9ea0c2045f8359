-- Touched buckets are deleted, to be counted again from the messages: exact whatever came before, and
-- by touched tuples instead of touched hours nearly four times as fast. A tuple is known by its key,
-- one number instead of six columns that may be null. Two tuples with one key do no harm: they are
-- deleted and counted together.
CREATE OR REPLACE TEMP TABLE stale_buckets AS
SELECT old_key AS bucket_key FROM changes WHERE NOT test
UNION
SELECT new_key FROM changes WHERE NOT test;

DELETE FROM message_stats WHERE bucket_key IN (SELECT bucket_key FROM stale_buckets);
DELETE FROM error_stats WHERE bucket_key IN (SELECT bucket_key FROM stale_buckets);
