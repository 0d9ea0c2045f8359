-- The error report: messages that ended otherwise than delivered, most first within a group.

-- 1. By the columns of the buckets, as in `messages.sql`.
WITH counted AS (
    SELECT {within} error_gateway, status, error_class, error_code, sum(messages) AS messages
    FROM {buckets}
    GROUP BY ALL
)
-- 2. By the report's.
SELECT {keys} error_gateway, status, error_class, error_code, sum(messages)::BIGINT AS messages
FROM counted
GROUP BY ALL
HAVING sum(messages) > 0
{order}
