-- Messages with receipts by segment: a maximum over all receipts would be wrong, so the status is
-- taken from the facts again (`domain::status::current`). Within a segment the largest evidence,
-- that about the whole message included; over segments the worst. {touched} are the messages that may
-- have changed, {hours} and {times} a literal range around them.
CREATE OR REPLACE TEMP TABLE segmented_messages AS
SELECT message_id, rowid AS place FROM messages
WHERE {touched} AND segmented;

CREATE OR REPLACE TEMP TABLE segment_results AS
WITH known AS (
    SELECT message_id, segment_number,
           evidence_of(
               status_key(status, synthetic,
                          CASE WHEN time_source = 'gateway' THEN occurred_at END),
               error_code, error_class, gateway) AS evidence,
           CASE WHEN status = 'delivered' THEN occurred_at END AS delivered_at
    FROM receipts
    WHERE {times} AND message_id IN (SELECT message_id FROM segmented_messages)
    UNION ALL
    SELECT message_id, NULL,
           evidence_of(
               status_key(submission_status(outcome), false,
                          CASE WHEN time_source = 'gateway' THEN occurred_at END),
               error_code, error_class, gateway),
           NULL
    FROM submissions
    WHERE {times} AND message_id IN (SELECT message_id FROM segmented_messages)
), best AS (
    SELECT message_id, segment_number, max(evidence) AS evidence,
           min(delivered_at) AS delivered_at
    FROM known GROUP BY message_id, segment_number
), segments AS (
    SELECT segment.message_id,
           greatest(segment.evidence, whole.evidence) AS evidence,
           least(segment.delivered_at, whole.delivered_at) AS delivered_at
    FROM best AS segment
    LEFT JOIN best AS whole
        ON whole.message_id = segment.message_id AND whole.segment_number IS NULL
    WHERE segment.segment_number IS NOT NULL
)
SELECT message_id,
       min({'standing': status_standing(status_of_key(evidence.key)),
            'evidence': evidence}).evidence AS evidence,
       -- The whole text is there when its last segment is.
       max(delivered_at) AS delivered_at
FROM segments GROUP BY message_id;

UPDATE messages SET
    evidence = segment_results.evidence,
    status = status_of_key(segment_results.evidence.key),
    delivered_at = segment_results.delivered_at
FROM segment_results JOIN segmented_messages USING (message_id)
WHERE messages.rowid = segmented_messages.place AND {hours};
