-- Notes a window as shipped, once. $1 epoch, $2 number, $3 rows, $4 key of its manifest. An empty
-- window has nothing that could be read back: it is verified as it is.
INSERT INTO shipped_windows (epoch, number, row_count, manifest_key, verified_at)
VALUES ($1, $2, $3::bigint, $4, CASE WHEN $3::bigint = 0 THEN now() END)
ON CONFLICT (epoch, number) DO NOTHING
