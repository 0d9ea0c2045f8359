-- Where a receipt is known by its event id.
CREATE OR REPLACE VIEW all_receipts AS
SELECT event_id FROM receipts UNION ALL SELECT event_id FROM parked_receipts;
