-- What was judged, where the messages are. {messages} is their table.
UPDATE {messages} SET
    evidence = judgements.evidence,
    status = status_of_key(judgements.evidence.key),
    delivered_at = judgements.delivered_at
FROM judgements
WHERE {messages}.message_id = judgements.message_id AND {which};
