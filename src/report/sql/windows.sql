-- What was noted of the windows sealed from $1 until before $2, a row a window and kind; a window of
-- which no file is noted has one row, without a kind.
SELECT loaded.epoch, loaded.number, loaded.sealed_at, file.kind,
       coalesce(sum(file.lines), 0)::BIGINT, coalesce(sum(file.loaded), 0)::BIGINT,
       coalesce(sum(file.duplicates), 0)::BIGINT, coalesce(sum(file.quarantined), 0)::BIGINT
FROM loaded_windows AS loaded
LEFT JOIN loaded_files AS file ON file.epoch = loaded.epoch AND file.number = loaded.number
WHERE loaded.sealed_at >= $1 AND loaded.sealed_at < $2
GROUP BY loaded.epoch, loaded.number, loaded.sealed_at, file.kind
ORDER BY loaded.epoch, loaded.number, file.kind
