-- exeat store, schema version 1. The version stands in PRAGMA user_version; a later version adds a
-- step (schema_2.sql, ...) to the migrations in store.c and never edits an earlier one.
-- No payload and no identifier: names have passed base/display, patients are keyed tags.
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE input (
	id INTEGER PRIMARY KEY,
	sha256 TEXT NOT NULL DEFAULT '', format TEXT NOT NULL DEFAULT '', kind TEXT NOT NULL DEFAULT '',
	frames INTEGER NOT NULL DEFAULT 0, bytes INTEGER NOT NULL DEFAULT 0,
	dropped INTEGER NOT NULL DEFAULT 0, cut INTEGER NOT NULL DEFAULT 0,
	filtered INTEGER NOT NULL DEFAULT 0,
	first_ns INTEGER NOT NULL DEFAULT 0, last_ns INTEGER NOT NULL DEFAULT 0,
	end TEXT NOT NULL DEFAULT '', end_reason TEXT NOT NULL DEFAULT '',
	end_after_frame INTEGER NOT NULL DEFAULT 0);
CREATE INDEX input_sha256 ON input (sha256);
CREATE TABLE flow (
	id INTEGER PRIMARY KEY,
	input INTEGER NOT NULL,
	src BLOB NOT NULL, src_port INTEGER NOT NULL, dst BLOB NOT NULL, dst_port INTEGER NOT NULL,
	proto INTEGER NOT NULL, vlan INTEGER NOT NULL, community_id TEXT NOT NULL,
	direction INTEGER NOT NULL, out_index INTEGER NOT NULL,
	computer BLOB NOT NULL, computer_name TEXT NOT NULL,
	first_ns INTEGER NOT NULL, last_ns INTEGER NOT NULL, first_packet INTEGER NOT NULL,
	counts BLOB NOT NULL, -- 14 numbers of 8 bytes, big endian: struct flow_counts twice
	end INTEGER NOT NULL,
	country TEXT NOT NULL, country_confidence TEXT NOT NULL, organisation TEXT NOT NULL,
	asn INTEGER NOT NULL, anycast INTEGER NOT NULL,
	app TEXT NOT NULL, app_confidence TEXT NOT NULL,
	protocol TEXT NOT NULL, clear INTEGER NOT NULL,
	tls_version TEXT NOT NULL, cipher TEXT NOT NULL, ja4 TEXT NOT NULL,
	user_agent TEXT NOT NULL, process_name TEXT NOT NULL, process_path TEXT NOT NULL,
	inspected INTEGER NOT NULL, not_inspected_reason TEXT NOT NULL,
	not_inspected_bytes INTEGER NOT NULL,
	tier INTEGER NOT NULL, distinct_patients INTEGER NOT NULL, distinct_at_least INTEGER NOT NULL);
CREATE INDEX flow_time ON flow (first_ns);
CREATE INDEX flow_input ON flow (input);
CREATE TABLE name (
	flow INTEGER NOT NULL, position INTEGER NOT NULL, name TEXT NOT NULL, source TEXT NOT NULL,
	age_ns INTEGER NOT NULL, PRIMARY KEY (flow, position)) WITHOUT ROWID;
CREATE TABLE record (
	flow INTEGER NOT NULL, sequence INTEGER NOT NULL, hour_ns INTEGER NOT NULL,
	bytes_out INTEGER NOT NULL, bytes_in INTEGER NOT NULL,
	packets_out INTEGER NOT NULL, packets_in INTEGER NOT NULL, last INTEGER NOT NULL,
	PRIMARY KEY (flow, sequence)) WITHOUT ROWID;
CREATE TABLE finding (
	flow INTEGER NOT NULL, kind TEXT NOT NULL, category INTEGER NOT NULL, class INTEGER NOT NULL,
	tier INTEGER NOT NULL, metadata INTEGER NOT NULL, count INTEGER NOT NULL, place TEXT NOT NULL,
	mask TEXT NOT NULL, direction INTEGER NOT NULL, outward INTEGER NOT NULL,
	first_ns INTEGER NOT NULL, last_ns INTEGER NOT NULL, packet INTEGER NOT NULL);
CREATE INDEX finding_flow ON finding (flow);
CREATE TABLE tag (flow INTEGER NOT NULL, tag INTEGER NOT NULL, PRIMARY KEY (flow, tag)) WITHOUT ROWID;
CREATE TABLE loss (
	input INTEGER NOT NULL, name TEXT NOT NULL, count INTEGER NOT NULL,
	PRIMARY KEY (input, name)) WITHOUT ROWID;
CREATE TABLE seen (
	program TEXT NOT NULL, destination TEXT NOT NULL, date TEXT NOT NULL,
	PRIMARY KEY (program, destination, date)) WITHOUT ROWID;
