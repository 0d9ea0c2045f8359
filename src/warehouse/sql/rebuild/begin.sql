-- What a generation has besides while it is rebuilt: the messages' own lines. Their rows are made
-- once, when all that is known of them is there.
CREATE TABLE message_lines ({message});
UPDATE generation SET state = 'gathering';
