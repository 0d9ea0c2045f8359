-- Moves the numbers of links past all that the lost life of this ledger can have handed out, and says
-- where they go on. $1 numbers a second, $2 numbers beside, $3 since when the lost life is unknown if
-- this ledger never shipped anything.
--
-- Up to the last shipped window both lives are one: shipping begins only after the lake was found to
-- be this ledger's. After it the lost life had at most the time from then until now.
SELECT setval('link_numbers', numbers.last_value + $2::bigint + $1::bigint * greatest(0, ceil(extract(
    epoch FROM clock_timestamp() - coalesce(shared.sealed_at, $3::timestamptz, began.began_at)
)))::bigint) AS first_number
FROM link_numbers AS numbers
CROSS JOIN (SELECT min(began_at) AS began_at FROM epochs) AS began
LEFT JOIN (
    SELECT windows.sealed_at
    FROM shipped_windows AS shipped
    JOIN windows USING (epoch, number)
    ORDER BY epoch DESC, number DESC
    LIMIT 1
) AS shared ON true
