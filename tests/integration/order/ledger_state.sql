-- All that the ledger knows of each message, but for ids and times of arrival, in a fixed order.
SELECT messages.id::text AS name,
       json_build_object(
           'status', status,
           -- 1. Hand-overs.
           'submissions', (
               SELECT json_agg(told ORDER BY told::text)
               FROM (SELECT gateway, outcome, error_code, submitted_at
                     FROM submissions WHERE message_id = messages.id) AS told),
           -- 2. Reports, matched ones included.
           'receipts', (
               SELECT json_agg(told ORDER BY told::text)
               FROM (SELECT gateway, status, raw_status, error_code, error_class, synthetic,
                            segment_number, gateway_time
                     FROM receipts WHERE message_id = messages.id) AS told),
           -- 3. Visits.
           'clicks', (
               SELECT json_agg(told ORDER BY told::text)
               FROM (SELECT verdict FROM clicks WHERE message_id = messages.id) AS told)
       )::text AS value
FROM messages
