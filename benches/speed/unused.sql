-- Indexes that no query scanned, in no partition, but for those that keep rows unique.
SELECT coalesce(parent.relname, statistics.indexrelname)::text AS name
FROM pg_stat_user_indexes AS statistics
JOIN pg_index USING (indexrelid)
LEFT JOIN pg_inherits ON inhrelid = indexrelid
LEFT JOIN pg_class AS parent ON parent.oid = inhparent
WHERE NOT indisunique AND schemaname = 'public'
GROUP BY 1 HAVING sum(idx_scan) = 0
ORDER BY 1
