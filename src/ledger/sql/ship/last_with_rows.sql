-- The last window before one ($1 epoch, $2 number) that had rows; 0 if none had. What lies between
-- the two was empty.
SELECT coalesce((
    SELECT number
    FROM shipped_windows
    WHERE epoch = $1 AND number < $2 AND row_count > 0
    ORDER BY number DESC
    LIMIT 1
), 0)
