-- The rows of another cluster that the first window of an epoch takes in: by their ids, since their
-- transaction ids mean nothing here.
COPY (
    SELECT kind, recorded_at, line
    FROM outbox
    WHERE id > {after} AND id <= {through}
    ORDER BY xid, id
) TO STDOUT (FORMAT binary)
