-- Receipts that are read again from the webhook that they came in, by a corrected mapping: what is
-- read otherwise becomes a receipt of its own, which replaces the one before. That one stays as
-- history and counts no longer.

-- 1. What a mapping says beside the status and the class; where a receipt was read from; what it
--    replaces. None of it is known of receipts from before.
ALTER TABLE receipts
    ADD COLUMN permanent      boolean,
    ADD COLUMN delivery_level text,
    ADD COLUMN request_id     uuid,
    ADD COLUMN request_item   integer,
    ADD COLUMN corrects       uuid;
COMMENT ON COLUMN receipts.fingerprint IS 'Hash of gateway, its id, segment, raw status, error code and gateway time; of a correction, hash of the receipt that it replaces and of what it says.';
COMMENT ON COLUMN receipts.permanent IS 'False if trying again could help, as the gateway says; null = it does not say.';
COMMENT ON COLUMN receipts.delivery_level IS 'carrier or handset: who confirmed the delivery, where the gateway tells.';
COMMENT ON COLUMN receipts.request_id IS 'The webhook in webhook_requests that it was read from; null = none was kept.';
COMMENT ON COLUMN receipts.request_item IS 'Its place among the items of that webhook, from 0.';
COMMENT ON COLUMN receipts.corrects IS 'The id of the receipt that this one replaces, which no longer counts for the status; null = none.';

-- 2. The same of parked ones.
ALTER TABLE parked_receipts
    ADD COLUMN permanent      boolean,
    ADD COLUMN delivery_level text,
    ADD COLUMN request_id     uuid,
    ADD COLUMN request_item   integer,
    ADD COLUMN corrects       uuid;
CREATE INDEX parked_receipts_request_id_idx ON parked_receipts (request_id) WHERE request_id IS NOT NULL;
COMMENT ON COLUMN parked_receipts.permanent IS 'As in receipts.';
COMMENT ON COLUMN parked_receipts.delivery_level IS 'As in receipts.';
COMMENT ON COLUMN parked_receipts.request_id IS 'As in receipts.';
COMMENT ON COLUMN parked_receipts.request_item IS 'As in receipts.';
COMMENT ON COLUMN parked_receipts.corrects IS 'As in receipts.';
