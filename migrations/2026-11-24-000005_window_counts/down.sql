DROP INDEX inbound_messages_recorded_at_idx;
DROP INDEX clicks_recorded_at_idx;
DROP INDEX receipts_recorded_at_idx;
DROP INDEX submissions_recorded_at_idx;
DROP TABLE outbox_reclaims;
ALTER TABLE shipped_windows DROP COLUMN uncounted, DROP COLUMN counted_at;
DROP TABLE repeated_receipts;
DROP TABLE facts_without_event;
DROP TABLE window_counts;
