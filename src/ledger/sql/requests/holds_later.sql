-- Whether a child of the ring ({slot}) holds a request that arrived at $1 or later. This statement
-- alone says what may be truncated; it is asked before the lock and again behind it. It reads a few
-- places of the primary key, however much the child holds.

-- 1. The gateways in it, one step of the index each.
WITH RECURSIVE named AS (
    SELECT min(gateway) AS gateway FROM webhook_requests_{slot}
    UNION ALL
    SELECT (SELECT min(next.gateway) FROM webhook_requests_{slot} AS next
            WHERE next.gateway > named.gateway)
    FROM named
    WHERE named.gateway IS NOT NULL
)
-- 2. A request of each whose id was drawn since.
SELECT EXISTS (
    SELECT
    FROM named
    WHERE EXISTS (
        SELECT FROM webhook_requests_{slot} AS kept
        WHERE kept.gateway = named.gateway AND kept.id >= uuidv7_floor($1)
    )
) AS held
