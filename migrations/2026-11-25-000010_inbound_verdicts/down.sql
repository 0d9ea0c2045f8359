ALTER TABLE opt_outs DROP COLUMN repeated_at;
DROP TABLE inbound_verdicts;
DROP INDEX inbound_messages_review_idx;
ALTER TABLE inbound_messages DROP COLUMN reviewed_intent;
