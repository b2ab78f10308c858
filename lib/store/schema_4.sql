-- Step from version 3 to 4: facts of the transport, so that they can be judged again.
-- The certificate that the far end showed in clear: Unix times in seconds; cert_name_check is 0 not
-- checked, 1 made out to the name that was asked for, 2 to others.
ALTER TABLE flow ADD COLUMN ja3 TEXT NOT NULL DEFAULT '';
ALTER TABLE flow ADD COLUMN cert_seen INTEGER NOT NULL DEFAULT 0;
ALTER TABLE flow ADD COLUMN cert_names TEXT NOT NULL DEFAULT '';
ALTER TABLE flow ADD COLUMN cert_names_left_out INTEGER NOT NULL DEFAULT 0;
ALTER TABLE flow ADD COLUMN cert_issuer TEXT NOT NULL DEFAULT '';
ALTER TABLE flow ADD COLUMN cert_not_before_s INTEGER NOT NULL DEFAULT 0;
ALTER TABLE flow ADD COLUMN cert_not_after_s INTEGER NOT NULL DEFAULT 0;
ALTER TABLE flow ADD COLUMN cert_self_signed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE flow ADD COLUMN cert_name_check INTEGER NOT NULL DEFAULT 0;
