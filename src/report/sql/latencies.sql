-- The message report's histograms: messages by measure and slot in each group. They add up, so a
-- percentile of any range and grouping comes from them.
WITH slots AS (
    SELECT bucket, campaign, campaign_type, gateway, sender, country, 'deliver' AS measure,
           unnest(map_keys(deliver_slots)) AS slot, unnest(map_values(deliver_slots)) AS messages
    FROM message_stats
    WHERE bucket >= $1 AND bucket < $2
    UNION ALL
    SELECT bucket, campaign, campaign_type, gateway, sender, country, 'click' AS measure,
           unnest(map_keys(click_slots)) AS slot, unnest(map_values(click_slots)) AS messages
    FROM message_stats
    WHERE bucket >= $1 AND bucket < $2
)
SELECT {keys} measure, slot, sum(messages)::BIGINT
FROM slots
GROUP BY ALL
