-- Buckets whose counts are not the sums over their messages.
WITH sums AS (
    SELECT bucket_key, count(*) FILTER (NOT suppressed) AS messages,
           count(*) FILTER (status = 'recorded' AND NOT suppressed) AS recorded,
           count(*) FILTER (status = 'accepted') AS accepted,
           count(*) FILTER (status = 'queued') AS queued,
           count(*) FILTER (status = 'sent') AS sent,
           count(*) FILTER (status = 'unknown') AS unknown,
           count(*) FILTER (status = 'delivered') AS delivered,
           count(*) FILTER (status = 'undelivered') AS undelivered,
           count(*) FILTER (status = 'failed') AS failed,
           count(*) FILTER (status = 'rejected') AS rejected,
           count(*) FILTER (status = 'expired') AS expired,
           count(*) FILTER (status = 'canceled') AS canceled,
           sum(clicks)::BIGINT AS clicks, sum(human_clicks)::BIGINT AS human_clicks
    FROM messages WHERE NOT test GROUP BY bucket_key
)
SELECT sums::VARCHAR, stats::VARCHAR
FROM sums FULL JOIN message_stats AS stats USING (bucket_key)
WHERE (sums.messages, sums.recorded, sums.accepted, sums.queued, sums.sent, sums.unknown,
       sums.delivered, sums.undelivered, sums.failed, sums.rejected, sums.expired, sums.canceled,
       sums.clicks, sums.human_clicks)
    IS DISTINCT FROM
      (stats.messages, stats.recorded, stats.accepted, stats.queued, stats.sent, stats.unknown,
       stats.delivered, stats.undelivered, stats.failed, stats.rejected, stats.expired, stats.canceled,
       stats.clicks, stats.human_clicks)
