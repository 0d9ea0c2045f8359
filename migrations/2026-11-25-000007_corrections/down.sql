-- A correction counts beside what it replaced, for the version before; its events are in the lake.
DROP INDEX parked_receipts_request_id_idx;
ALTER TABLE parked_receipts
    DROP COLUMN corrects,
    DROP COLUMN request_item,
    DROP COLUMN request_id,
    DROP COLUMN delivery_level,
    DROP COLUMN permanent;
COMMENT ON COLUMN receipts.fingerprint IS 'Hash of gateway, its id, segment, raw status, error code and gateway time.';
ALTER TABLE receipts
    DROP COLUMN corrects,
    DROP COLUMN request_item,
    DROP COLUMN request_id,
    DROP COLUMN delivery_level,
    DROP COLUMN permanent;
