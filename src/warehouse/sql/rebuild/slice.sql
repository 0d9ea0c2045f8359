-- A slice: the messages recorded in a range of hours, and all that is known of them. The statements
-- of a load read the same names, and take the slice for one load.
CREATE OR REPLACE TEMP VIEW new_message AS FROM message_lines WHERE {recorded};
CREATE OR REPLACE TEMP VIEW attached_receipt AS FROM receipts WHERE {about};
CREATE OR REPLACE TEMP VIEW new_submission AS FROM submissions WHERE {about};
CREATE OR REPLACE TEMP VIEW new_click AS FROM clicks WHERE {about};
CREATE OR REPLACE TEMP VIEW new_inbound AS FROM inbound WHERE {about};
CREATE OR REPLACE TEMP VIEW new_opt_out AS FROM opt_outs WHERE {about};
