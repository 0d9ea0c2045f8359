-- A window's rows of transactions that began after the seal before it, in the order of their index.
-- COPY takes no parameters: {…} are whole numbers and a checked snapshot. Rows beyond the seal
-- before need not be tested against it: it sees none of them.
--
-- The column epoch is not asked: a transaction that was under way when an epoch began wrote the
-- number of the one before, and belongs here by its snapshot. Rows of another cluster are passed
-- over by their ids.
COPY (
    SELECT kind, recorded_at, line
    FROM outbox
    WHERE xid >= '{from}'::xid8
        AND xid < '{to}'::xid8
        AND pg_visible_in_snapshot(xid, '{snapshot}'::pg_snapshot)
        AND id > {foreign_through}
    ORDER BY xid, id
) TO STDOUT (FORMAT binary)
