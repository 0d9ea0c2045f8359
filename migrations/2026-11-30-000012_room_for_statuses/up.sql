-- A message's status changes once or twice within minutes of its recording (accepted, delivered). A new
-- version of a row that finds room in its own block touches no index (a heap-only tuple), so a tenth of each
-- block is left for them; where blocks were full, five changes of six wrote both indexes as well. This is for
-- blocks that are written from now on, and takes no lock that anybody waits for. Partitions that are added
-- later need it, too.
DO $$
DECLARE
    part regclass;
BEGIN
    FOR part IN SELECT inhrelid FROM pg_inherits WHERE inhparent = 'messages'::regclass LOOP
        EXECUTE format('ALTER TABLE %s SET (fillfactor = 90)', part);
    END LOOP;
END
$$;
