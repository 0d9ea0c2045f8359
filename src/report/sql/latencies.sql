-- The message report's histograms: messages by measure and slot in each group. They add up, so a
-- percentile of any range and grouping comes from them.

-- 1. A row a slot of each bucket.
WITH slots AS (
    SELECT {within} 'deliver' AS measure,
           unnest(map_keys(deliver_slots)) AS slot, unnest(map_values(deliver_slots)) AS messages
    FROM message_stats
    WHERE bucket >= $1 AND bucket < $2
    UNION ALL
    SELECT {within} 'click' AS measure,
           unnest(map_keys(click_slots)) AS slot, unnest(map_values(click_slots)) AS messages
    FROM message_stats
    WHERE bucket >= $1 AND bucket < $2
),
-- 2. By the columns of the buckets, as in `messages.sql`.
counted AS (
    SELECT {within} measure, slot, sum(messages) AS messages FROM slots GROUP BY ALL
)
-- 3. By the report's.
SELECT {keys} measure, slot, sum(messages)::BIGINT
FROM counted
GROUP BY ALL
