-- What a count of the window $1, $2 needs.
SELECT sealed.epoch, sealed.number, sealed.snapshot::text, previous.snapshot::text,
       epochs.foreign_through, epochs.covered_through,
       -- Where another cluster went on after a dump: its transaction ids mean something else.
       (SELECT later.foreign_through FROM epochs AS later
        WHERE later.epoch > sealed.epoch AND later.reason = 'system_identifier'
        ORDER BY later.epoch LIMIT 1) AS own_through
FROM windows AS sealed
JOIN windows AS previous
    ON previous.epoch = sealed.epoch AND previous.number = sealed.number - 1
JOIN epochs ON epochs.epoch = sealed.epoch
WHERE sealed.epoch = $1 AND sealed.number = $2
