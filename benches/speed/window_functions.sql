-- What window.sql is written with.
CREATE FUNCTION uuidv7_at(instant timestamptz) RETURNS uuid LANGUAGE sql VOLATILE PARALLEL SAFE
    RETURN (left(uuidv7_floor(instant)::text, 14) || '7' || substr(gen_random_uuid()::text, 16))::uuid;
CREATE FUNCTION told(instant timestamptz) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
    RETURN to_char(instant AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');
CREATE FUNCTION head(kind text, id uuid, at timestamptz) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
    RETURN format('{"schema_version":1,"kind":"%s","event_id":"%s","occurred_at":"%s","time_source":"server",'
        || '"recorded_at":"%s",', kind, id, told(at), told(at));
-- A tenth of the messages of the last 30 days, today's left out. Later windows' clicks are about some of them,
-- drawn by number: whichever way they are stored, each is as likely as any other.
CREATE UNLOGGED TABLE known (number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, context text NOT NULL);
