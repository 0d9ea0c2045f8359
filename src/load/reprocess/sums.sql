-- Windows; messages that count in reports; messages that the buckets of the reports count, by quarters of
-- an hour, by hours and by days, with the changes that are not folded into them yet.
WITH changes AS (
    SELECT coalesce(sum(messages + suppressed), 0)::BIGINT AS messages FROM bucket_changes
)
SELECT
    (SELECT count(*) FROM loaded_windows),
    (SELECT count(*) FROM messages WHERE NOT test),
    (SELECT coalesce(sum(messages + suppressed), 0)::BIGINT FROM message_stats) + changes.messages,
    (SELECT coalesce(sum(messages + suppressed), 0)::BIGINT FROM hourly_stats) + changes.messages,
    (SELECT coalesce(sum(messages + suppressed), 0)::BIGINT FROM daily_stats) + changes.messages
FROM changes
