-- All slices are made: from now on this generation is loaded as any other.
DROP TABLE message_lines;
UPDATE generation SET state = 'whole', derived_before = NULL;
