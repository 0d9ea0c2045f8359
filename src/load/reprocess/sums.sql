-- Windows; messages that count in reports; messages that the buckets of the reports count, by quarters of
-- an hour, by hours and by days.
SELECT
    (SELECT count(*) FROM loaded_windows),
    (SELECT count(*) FROM messages WHERE NOT test),
    (SELECT coalesce(sum(messages + suppressed), 0)::BIGINT FROM message_stats),
    (SELECT coalesce(sum(messages + suppressed), 0)::BIGINT FROM hourly_stats),
    (SELECT coalesce(sum(messages + suppressed), 0)::BIGINT FROM daily_stats)
