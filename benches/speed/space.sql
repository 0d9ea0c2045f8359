-- Bytes of each table, its partitions together: those of its rows, and those of its indexes.
SELECT coalesce(parent.relname, part.relname)::text AS name,
       sum(pg_table_size(part.oid))::bigint AS rows, sum(pg_indexes_size(part.oid))::bigint AS indexes
FROM pg_class AS part
LEFT JOIN pg_inherits ON inhrelid = part.oid
LEFT JOIN pg_class AS parent ON parent.oid = inhparent
WHERE part.relkind = 'r' AND part.relnamespace = 'public'::regnamespace
GROUP BY 1 ORDER BY 1
