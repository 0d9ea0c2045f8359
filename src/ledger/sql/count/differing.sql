-- Windows whose count was not the manifest's, or whose events lack facts: they are counted again, in
-- case someone has mended them. $1: the most of them. Those after the window $2, $3 come first: each
-- has its turn, however many there are.
SELECT sealed.epoch, sealed.number, sealed.snapshot::text, previous.snapshot::text,
       epochs.foreign_through, epochs.covered_through,
       -- Where another cluster went on after a dump: its transaction ids mean something else.
       (SELECT later.foreign_through FROM epochs AS later
        WHERE later.epoch > sealed.epoch AND later.reason = 'system_identifier'
        ORDER BY later.epoch LIMIT 1) AS own_through
FROM (
    SELECT shipped.epoch, shipped.number
    FROM shipped_windows AS shipped
    WHERE shipped.counted_at IS NULL
        AND EXISTS (
            SELECT FROM window_counts AS counted
            WHERE counted.epoch = shipped.epoch AND counted.number = shipped.number
        )
    UNION
    SELECT epoch, number FROM window_counts WHERE facts <> events
) AS differing
JOIN windows AS sealed USING (epoch, number)
JOIN windows AS previous
    ON previous.epoch = sealed.epoch AND previous.number = sealed.number - 1
JOIN epochs ON epochs.epoch = sealed.epoch
ORDER BY (sealed.epoch, sealed.number) <= ($2, $3), sealed.epoch, sealed.number
LIMIT $1
