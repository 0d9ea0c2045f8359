-- A window's rows of one transaction that the seal before it found under way.
COPY (
    SELECT kind, recorded_at, line
    FROM outbox
    WHERE xid = '{xid}'::xid8
        AND id > {foreign_through}
    ORDER BY xid, id
) TO STDOUT (FORMAT binary)
