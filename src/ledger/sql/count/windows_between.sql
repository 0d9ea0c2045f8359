-- The windows sealed from $1 until before $2 with what is known of them: what the ledger counted, and
-- what it noted of the shipped files. A row a window and kind; one without a kind for a window of
-- which nothing is known, or which is empty.
SELECT sealed.epoch, sealed.number, sealed.sealed_at,
       shipped.number IS NOT NULL AS shipped,
       shipped.manifest_key,
       -- What an epoch left unshipped is in the first window of the next one.
       shipped.number IS NULL AND sealed.epoch < (SELECT max(epoch) FROM epochs) AS closed,
       EXISTS (
           SELECT FROM window_counts AS counted
           WHERE counted.epoch = sealed.epoch AND counted.number = sealed.number
       ) OR shipped.counted_at IS NOT NULL AS counted,
       known.kind, known.events, known.facts, known.lines
FROM windows AS sealed
LEFT JOIN shipped_windows AS shipped
    ON shipped.epoch = sealed.epoch AND shipped.number = sealed.number
LEFT JOIN LATERAL (
    SELECT kind, counted.events, counted.facts, noted.lines
    FROM (
        SELECT kind, events, facts
        FROM window_counts
        WHERE epoch = sealed.epoch AND number = sealed.number
    ) AS counted
    FULL JOIN (
        SELECT kind, sum(row_count)::bigint AS lines
        FROM window_files
        WHERE epoch = sealed.epoch AND number = sealed.number
        GROUP BY kind
    ) AS noted USING (kind)
) AS known ON true
WHERE sealed.sealed_at >= $1 AND sealed.sealed_at < $2 AND sealed.number > 0
ORDER BY sealed.epoch, sealed.number, known.kind
