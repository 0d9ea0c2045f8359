-- The message report's histograms: messages by measure and slot in each group. They add up, so a
-- percentile of any range and grouping comes from them.

-- 1. A row a slot of each bucket, added up by the columns of the buckets, as in `messages.sql`. Each
--    measure by itself: a group then has one column less to be hashed. Entries are unnested whole, which
--    costs less than keys beside values, and summed as BIGINT: sums of UBIGINT are HUGEINT, and slow. What
--    left a bucket with a change that is not folded yet ({changes}) is taken off.
WITH delivered AS (
    SELECT {within} entry.key AS slot, sum(entry.value::BIGINT) AS messages
    FROM (
        SELECT {within} unnest(map_entries(deliver_slots)) AS entry
        FROM {buckets}
    )
    GROUP BY ALL
    UNION ALL
    SELECT {within} entry.key AS slot, -sum(entry.value::BIGINT) AS messages
    FROM (
        SELECT {within} unnest(map_entries(deliver_slots_less)) AS entry
        FROM {changes}
    )
    GROUP BY ALL
),
clicked AS (
    SELECT {within} entry.key AS slot, sum(entry.value::BIGINT) AS messages
    FROM (
        SELECT {within} unnest(map_entries(click_slots)) AS entry
        FROM {buckets}
    )
    GROUP BY ALL
    UNION ALL
    SELECT {within} entry.key AS slot, -sum(entry.value::BIGINT) AS messages
    FROM (
        SELECT {within} unnest(map_entries(click_slots_less)) AS entry
        FROM {changes}
    )
    GROUP BY ALL
),
-- 2. By the report's columns.
slots AS (
    SELECT {keys} 'deliver' AS measure, slot, sum(messages)::BIGINT AS messages FROM delivered
    GROUP BY ALL HAVING sum(messages) > 0
    UNION ALL
    SELECT {keys} 'click' AS measure, slot, sum(messages)::BIGINT AS messages FROM clicked
    GROUP BY ALL HAVING sum(messages) > 0
)
-- 3. A row a group and measure, its slots and messages in turn: the columns of a hundred thousand groups are
--    not repeated for each slot.
SELECT * EXCLUDE (slot, messages), flatten(list([slot::BIGINT, messages])) FROM slots
GROUP BY ALL
