-- Notes a file of a shipped window.
INSERT INTO window_files (
    epoch, number, kind, part, key, row_count, text_bytes, text_sha256,
    object_bytes, object_sha256, first_recorded_at, last_recorded_at
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
ON CONFLICT (epoch, number, kind, part) DO NOTHING
