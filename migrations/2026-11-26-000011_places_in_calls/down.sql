COMMENT ON COLUMN seen_facts.fingerprint IS 'Of an inbound: hash of gateway and its id, or of gateway, numbers, text and gateway time where it gives none. Of a wish over the API: its id.';
DROP INDEX parked_receipts_request_idx;
CREATE INDEX parked_receipts_request_id_idx ON parked_receipts (request_id) WHERE request_id IS NOT NULL;
