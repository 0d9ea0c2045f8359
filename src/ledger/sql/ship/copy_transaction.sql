-- A window's rows of one transaction that the seal before it found under way.
COPY (
    SELECT kind, recorded_at, line
    FROM outbox
    WHERE epoch = {epoch}
        AND xid = '{xid}'::xid8
    ORDER BY xid, id
) TO STDOUT (FORMAT binary)
