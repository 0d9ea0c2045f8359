-- What window.sql is written with.
CREATE FUNCTION uuidv7_at(instant timestamptz) RETURNS uuid LANGUAGE sql VOLATILE PARALLEL SAFE
    RETURN (left(uuidv7_floor(instant)::text, 14) || '7' || substr(gen_random_uuid()::text, 16))::uuid;
CREATE FUNCTION told(instant timestamptz) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
    RETURN to_char(instant AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');
CREATE FUNCTION head(kind text, id uuid, at timestamptz) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
    RETURN format('{"schema_version":1,"kind":"%s","event_id":"%s","occurred_at":"%s","time_source":"server",'
        || '"recorded_at":"%s",', kind, id, told(at), told(at));
-- Messages that later windows' clicks are about.
CREATE UNLOGGED TABLE known (at timestamptz, id uuid, context text);
