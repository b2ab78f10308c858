-- Step from version 6 to 7: what a computer calls itself, and how that is known ("dhcp", "netbios").
-- computer_name was a second copy of the address.
UPDATE flow SET computer_name = '';
ALTER TABLE flow ADD COLUMN computer_name_source TEXT NOT NULL DEFAULT '';
