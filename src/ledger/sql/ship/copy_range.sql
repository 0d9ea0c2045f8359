-- A window's rows of transactions that began after the seal before it, in the order of their index.
-- COPY takes no parameters: {…} are whole numbers and a checked snapshot. Rows beyond the seal
-- before need not be tested against it: it sees none of them.
COPY (
    SELECT kind, recorded_at, line
    FROM outbox
    WHERE epoch = {epoch}
        AND xid >= '{from}'::xid8
        AND xid < '{to}'::xid8
        AND pg_visible_in_snapshot(xid, '{snapshot}'::pg_snapshot)
    ORDER BY xid, id
) TO STDOUT (FORMAT binary)
