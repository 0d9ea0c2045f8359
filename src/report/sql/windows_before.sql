-- The same of all windows sealed before $1, a row a kind.
SELECT file.kind, sum(file.lines)::BIGINT, sum(file.loaded)::BIGINT, sum(file.duplicates)::BIGINT,
       sum(file.quarantined)::BIGINT
FROM loaded_windows AS loaded
JOIN loaded_files AS file ON file.epoch = loaded.epoch AND file.number = loaded.number
WHERE loaded.sealed_at < $1
GROUP BY file.kind
ORDER BY file.kind
