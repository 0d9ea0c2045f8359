-- Notes how far back the outbox will reach once the child {slot} is emptied.
INSERT INTO outbox_reclaims (slot, recorded_through)
SELECT {slot}, max(recorded_at) FROM outbox_{slot} HAVING count(*) > 0
ON CONFLICT (slot) DO UPDATE
SET recorded_through = greatest(outbox_reclaims.recorded_through, excluded.recorded_through)
