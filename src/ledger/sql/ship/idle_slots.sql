-- Children of the outbox that hold something, but for those of this hour and of its neighbours: a
-- transaction may be writing there, or a server whose clock is off.
SELECT slot
FROM generate_series(0, 7) AS slot
WHERE (slot - extract(epoch FROM clock_timestamp())::bigint / 3600) % 8 NOT IN (-7, -1, 0, 1, 7)
    AND pg_relation_size(format('outbox_%s', slot)::regclass) > 0
ORDER BY slot
