-- The oldest window that is shipped and was never counted, with the snapshot of the one before it.
-- Few rows are without a count, and those have an index. $1 epochs and $2 numbers of windows to pass
-- over: their count failed a while ago.
SELECT shipped.epoch, shipped.number, sealed.snapshot::text, previous.snapshot::text,
       epochs.foreign_through, epochs.covered_through,
       -- Where another cluster went on after a dump: its transaction ids mean something else.
       (SELECT later.foreign_through FROM epochs AS later
        WHERE later.epoch > sealed.epoch AND later.reason = 'system_identifier'
        ORDER BY later.epoch LIMIT 1) AS own_through
FROM shipped_windows AS shipped
JOIN windows AS sealed
    ON sealed.epoch = shipped.epoch AND sealed.number = shipped.number
JOIN windows AS previous
    ON previous.epoch = sealed.epoch AND previous.number = sealed.number - 1
JOIN epochs ON epochs.epoch = sealed.epoch
WHERE shipped.counted_at IS NULL
    AND NOT EXISTS (
        SELECT FROM window_counts AS counted
        WHERE counted.epoch = shipped.epoch AND counted.number = shipped.number
    )
    AND (shipped.epoch, shipped.number) NOT IN (SELECT * FROM unnest($1::integer[], $2::bigint[]))
ORDER BY shipped.epoch, shipped.number
LIMIT 1
