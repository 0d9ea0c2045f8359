-- Which rule set decided about an inbound message. Until now there was one, and servers of the version
-- before go on with it. A constant default: no row is written anew.
ALTER TABLE inbound_messages ADD COLUMN ruleset text NOT NULL DEFAULT 'words-1';
COMMENT ON COLUMN inbound_messages.ruleset IS 'The rule set that decided, by name and version.';
