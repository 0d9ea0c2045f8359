-- The oldest window that is sealed and not shipped, with the snapshot of the one before it.
-- Windows are shipped in order, so it is the one after the last that was shipped.
WITH current_epoch AS (
    SELECT max(epoch) AS epoch FROM epochs
), last_shipped AS (
    SELECT coalesce(max(number), 0) AS number
    FROM shipped_windows
    WHERE epoch = (SELECT epoch FROM current_epoch)
)
SELECT sealed.epoch, sealed.number, sealed.snapshot::text, previous.snapshot::text,
       sealed.boundary, sealed.sealed_at, sealed.split_bytes, sealed.format_version,
       epochs.foreign_through, epochs.covered_through
FROM windows AS sealed
JOIN windows AS previous
    ON previous.epoch = sealed.epoch AND previous.number = sealed.number - 1
JOIN epochs ON epochs.epoch = sealed.epoch
WHERE sealed.epoch = (SELECT epoch FROM current_epoch)
    AND sealed.number = (SELECT number + 1 FROM last_shipped)
