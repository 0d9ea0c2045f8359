-- What each of the shipper's connections begins with.

-- Limits. One statement at most copies a whole window.
SET statement_timeout = '10min';
SET lock_timeout = '5s';
SET idle_in_transaction_session_timeout = '1min';

-- A seal is on the disk before any byte of its window is uploaded, whatever the server's default. A
-- stricter default (remote_apply) is kept.
SELECT set_config('synchronous_commit', 'on', false)
WHERE current_setting('synchronous_commit') IN ('off', 'local', 'remote_write');

-- A seal's current snapshot and its predecessor come from one statement only if each statement
-- sees what was committed before it began.
SET default_transaction_isolation = 'read committed';

-- The outbox is read along its index, in order, so that rows stream. Its children are filled and
-- truncated all day and never analyzed: left to itself the planner takes them for tiny, and sorts.
SET enable_seqscan = off;
SET enable_bitmapscan = off;
SET enable_sort = off;
SET jit = off;
SET max_parallel_workers_per_gather = 0;

SET timezone = 'UTC';
