-- Step from version 1 to 2.
-- Addresses were a C structure, family and 16 bytes; they are now 4 bytes (IPv4) or 16 (IPv6) in
-- network order, none when not known.
UPDATE flow SET
	src = substr(src, 2, CASE hex(substr(src, 1, 1)) WHEN '04' THEN 4 WHEN '06' THEN 16 ELSE 0 END),
	dst = substr(dst, 2, CASE hex(substr(dst, 1, 1)) WHEN '04' THEN 4 WHEN '06' THEN 16 ELSE 0 END),
	computer = substr(computer, 2,
		CASE hex(substr(computer, 1, 1)) WHEN '04' THEN 4 WHEN '06' THEN 16 ELSE 0 END);
-- A loss has the hour in which it happened; the smallest number when that is not known.
ALTER TABLE loss RENAME TO loss_1;
CREATE TABLE loss (
	input INTEGER NOT NULL, hour_ns INTEGER NOT NULL, name TEXT NOT NULL, count INTEGER NOT NULL,
	PRIMARY KEY (input, hour_ns, name)) WITHOUT ROWID;
INSERT INTO loss SELECT input, -9223372036854775807 - 1, name, count FROM loss_1;
DROP TABLE loss_1;
-- Bytes missing inside a conversation, by hour as its other bytes.
ALTER TABLE record ADD COLUMN gap_bytes INTEGER NOT NULL DEFAULT 0;
CREATE INDEX record_hour ON record (hour_ns);
-- Frames of a link type that is not read: a time with nothing else was not captured.
ALTER TABLE input ADD COLUMN unread INTEGER NOT NULL DEFAULT 0;
