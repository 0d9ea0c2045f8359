-- What waits or was put aside. None of these tables grows with history but that of bad lines.
SELECT
    (SELECT coalesce(sum(lines), 0)::BIGINT FROM quarantined_lines),
    (SELECT coalesce(sum(events), 0)::BIGINT FROM orphan_events),
    (SELECT count(*) FROM parked_receipts),
    (SELECT count(*) FROM bucket_changes),
    (SELECT count(*) FROM message_changes),
    -- Ahead: beyond the first gap.
    (SELECT count(*) FROM loaded_windows AS ahead
     WHERE NOT EXISTS (
         SELECT 1 FROM progress
         WHERE ahead.epoch < progress.epoch
            OR (ahead.epoch = progress.epoch AND ahead.number <= progress.number)));
