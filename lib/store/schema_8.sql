-- Step from version 7 to 8: what outlives the flows.
-- What a program sent to a destination on a local date. From `seen`: dates of which no more is known
-- have no flows.
CREATE TABLE day (
	program TEXT NOT NULL, destination TEXT NOT NULL, date TEXT NOT NULL,
	flows INTEGER NOT NULL, bytes_out INTEGER NOT NULL, bytes_in INTEGER NOT NULL,
	first_ns INTEGER NOT NULL, last_ns INTEGER NOT NULL,
	hours INTEGER NOT NULL, -- bit 0: something went out between 00:00 and 01:00, local time
	PRIMARY KEY (program, destination, date)) WITHOUT ROWID;
INSERT INTO day SELECT program, destination, date, 0, 0, 0, 0, 0, 0 FROM seen;
DROP TABLE seen;
CREATE INDEX day_date ON day (date);
-- What a program said of its version on a computer.
CREATE TABLE version (
	program TEXT NOT NULL, computer TEXT NOT NULL, date TEXT NOT NULL, text TEXT NOT NULL,
	source TEXT NOT NULL, PRIMARY KEY (program, computer, date, text, source)) WITHOUT ROWID;
CREATE INDEX version_date ON version (date);
-- Dates on which a program's update hosts were contacted, by whatever program or computer.
CREATE TABLE update_contact (
	program TEXT NOT NULL, date TEXT NOT NULL, PRIMARY KEY (program, date)) WITHOUT ROWID;
-- What an end of a flow said of its software; sender: 0 or 1, src or dst.
CREATE TABLE software (
	flow INTEGER NOT NULL, position INTEGER NOT NULL, sender INTEGER NOT NULL,
	source TEXT NOT NULL, text TEXT NOT NULL, PRIMARY KEY (flow, position)) WITHOUT ROWID;
-- The input's flows before this time were deleted by age; 0: none were.
ALTER TABLE input ADD COLUMN kept_from_ns INTEGER NOT NULL DEFAULT 0;
CREATE INDEX flow_last ON flow (last_ns);
