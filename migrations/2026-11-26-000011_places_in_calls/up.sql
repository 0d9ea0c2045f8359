-- Facts that are known by their place in a kept call, when that is read again.

-- 1. Whatever was read of one item and is parked goes to its message together. A call may hold thousands
--    of items: with the call alone, each would be looked for among all of them.
DROP INDEX parked_receipts_request_id_idx;
CREATE INDEX parked_receipts_request_idx ON parked_receipts (request_id, request_item)
    WHERE request_id IS NOT NULL;

-- 2. An inbound notes its place beside what tells it from others.
COMMENT ON COLUMN seen_facts.fingerprint IS 'Of an inbound: hash of gateway and its id, or of gateway, numbers, text and gateway time where it gives none; and another of the kept call that it was read from and its place there. Of a wish over the API: its id.';
