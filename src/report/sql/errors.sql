-- The error report: messages that ended otherwise than delivered, most first within a group.
SELECT {keys} error_gateway, status, error_class, error_code, sum(messages)::BIGINT AS messages
FROM error_stats
WHERE bucket >= $1 AND bucket < $2
GROUP BY ALL
{order}
