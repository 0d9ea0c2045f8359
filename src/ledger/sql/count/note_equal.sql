-- Notes that a window's count is its manifest's, kind by kind. $1 epoch, $2 number, $3 kinds,
-- $4 events. Nothing is noted if they differ, or before the window is shipped.
UPDATE shipped_windows
SET counted_at = now()
WHERE epoch = $1 AND number = $2 AND counted_at IS NULL
    AND NOT EXISTS (
        SELECT
        FROM unnest($3::smallint[], $4::bigint[]) AS counted (kind, events)
        FULL JOIN (
            SELECT kind, sum(row_count)::bigint AS lines
            FROM window_files
            WHERE epoch = $1 AND number = $2
            GROUP BY kind
        ) AS shipped USING (kind)
        WHERE coalesce(events, 0) <> coalesce(lines, 0)
    )
