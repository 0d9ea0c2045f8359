-- How a transaction that counts begins. The indexes of ranges are read by bitmaps only; the session's
-- other work must not use them. A count may take longer than what one window's copy may: the window
-- of a long outage is large, and is joined with its facts.
SET LOCAL enable_bitmapscan = on;
-- A ledger that was new a minute ago has no statistics yet: the planner takes its events for two, and reads
-- all receipts once for each of them rather than looking each up.
SET LOCAL enable_material = off;
SET LOCAL work_mem = '64MB';
SET LOCAL statement_timeout = '1h';
