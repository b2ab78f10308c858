#!/bin/sh
# exit_codes.sh EXEAT SOURCE_ROOT: command lines and machines that are wrong, and what each exit code
# says of them. Nothing here may pass for a quiet day.
set -eu
exeat=$1
root=$2
capture=$root/fixtures/clinic-day/in.pcapng
. "$root/tests/shell.sh"

inspect()
{
	"$exeat" inspect --quiet --rules "$root/rules" "$@"
}

# An absent input is a wrong command line, also behind one that is there.
run 2 absent inspect "$work/absent.pcap"
run 2 second-absent inspect "$capture" "$work/absent.pcap"

# A store that is not there is never made: an empty one would read as a quiet day.
mkdir "$work/keep"
run 2 no-store "$exeat" report --rules "$root/rules" --store "$work/keep/typo.db" --out "$work/out"
[ ! -e "$work/keep/typo.db" ] || fail 'report made an empty store'

# Neither does a store that holds no capture: it is said, and no CSV comes out.
head -c 24 /dev/zero >"$work/none.pcap"
run 4 no-packet inspect "$work/none.pcap" --out "$work/none"
run 4 no-input "$exeat" report --rules "$root/rules" --store "$work/none/exeat.db" --csv \
	--day 2026-11-22
[ ! -s "$work/no-input.out" ] || fail 'a store without a capture gave a table'
grep -q 'exeat.db holds no capture' "$work/no-input.err" || fail 'nothing says why'

# Content is kept for a purpose and a bounded time, each stated before, or not at all; nothing is
# touched.
save()
{
	"$exeat" capture -i exeat-nosuch0 --rules "$root/rules" "$@"
}
run 2 save-alone save --save "$work/saved/visit"
grep -q -- '--purpose TEXT and --keep TIME' "$work/save-alone.err" || fail 'nothing says what lacks'
run 2 save-no-keep save --save "$work/saved/visit" --purpose why
run 2 save-no-purpose save --save "$work/saved/visit" --keep 14d
run 2 save-blank-purpose save --save "$work/saved/visit" --keep 14d --purpose ' '
run 2 save-no-file save --purpose why --keep 14d
run 2 save-size-alone save --save-size 10
run 2 save-too-long save --save "$work/saved/visit" --purpose why --keep 36d
grep -q 'at most 35d' "$work/save-too-long.err" || fail 'nothing says how long is too long'
run 2 save-rarely save --save "$work/saved/visit" --purpose why --keep 1h --save-every 2h
run 2 save-folder save --save "$work/saved/" --purpose why --keep 14d
[ ! -e "$work/saved" ] || fail 'a wrong command line made the folder of saved content'

# A table of networks with a mistake: the file, the line and the column are named.
geo_mistake()
{
	printf 'network,country,asn,organisation,flags\r\n192.0.2.0/24,AU,1,Example,\r\n%s\r\n' "$2" \
		>"$work/geo.csv"
	run 2 geo "$exeat" geo build --from "$work/geo.csv" --out "$work/geo-$1"
	grep -q "geo.csv:3:$1: " "$work/geo.err" || fail "geo build does not name 3:$1"
	[ ! -e "$work/geo-$1/country.mmdb" ] || fail 'geo build made a database of a wrong table'
}
geo_mistake 1 '192.0.2.300/24,AU,1,Example,'
geo_mistake 2 '192.0.2.0/24,AUS,1,Example,'
geo_mistake 3 '192.0.2.0/24,AU,AS1,Example,'
geo_mistake 6 '192.0.2.0/24,AU,1,Example, Pty Ltd,'

# A store that was damaged is named, and what to do; it is a failure of the machine.
run 1 whole inspect "$capture" --out "$work/damaged"
python3 - "$work/damaged/exeat.db" <<'PY'
import sys

with open(sys.argv[1], "r+b") as store:
    size = store.seek(0, 2)
    page = 4096
    for start in range(2 * page, size, page):
        store.seek(start)
        store.write(b"\xff" * page)
PY
run 6 damaged "$exeat" report --rules "$root/rules" --store "$work/damaged/exeat.db" --csv \
	--day 2026-11-22
grep -q 'store exeat.db is damaged' "$work/damaged.err" || fail 'the damaged store is not named'
run 6 damaged-inspect inspect "$capture" --out "$work/damaged"
grep -q 'store exeat.db is damaged' "$work/damaged-inspect.err" ||
	fail 'the damaged store is not named by inspect'

# A store that is none, and one of a later version, are told apart.
echo 'no store' >"$work/none.db"
run 2 no-store "$exeat" report --rules "$root/rules" --store "$work/none.db" --csv
grep -q 'none.db is not a store of exeat' "$work/no-store.err" || fail 'what is no store is not said'
python3 - "$work/none/exeat.db" "$work/later.db" <<'PY'
import sys

with open(sys.argv[1], "rb") as store, open(sys.argv[2], "wb") as later:
    content = bytearray(store.read())
    content[60:64] = bytes((0, 0, 0, 99))  # user_version, https://www.sqlite.org/fileformat2.html
    later.write(content)
PY
run 2 later "$exeat" report --rules "$root/rules" --store "$work/later.db" --csv
grep -q 'later.db was written by a later version' "$work/later.err" ||
	fail 'a store of a later version is not named'

# The same file named twice says what it says once.
run 1 once inspect "$capture" --out "$work/once"
run 1 twice inspect "$capture" "$capture" --out "$work/twice"
[ "$(wc -l <"$work/once/flows.jsonl")" -eq "$(wc -l <"$work/twice/flows.jsonl")" ] ||
	fail 'a file named twice gives other conversations than once'

# The store remembers one register, never a mixture of two.
cp -r "$root/fixtures/clinic-day/register" "$work/register"
[ -e "$work/register/exceptions.csv" ] ||
	printf 'program_id,dest_id,from,until,flag,reason,accepted_by\n' \
		>"$work/register/exceptions.csv"
run 1 grown inspect "$capture" --register "$work/register" --out "$work/once"
rm "$work/register/exceptions.csv"
run 1 shrunk inspect "$capture" --register "$work/register" --out "$work/once"
python3 - "$work/once/exeat.db" <<'PY' || fail 'a file of the earlier register is still remembered'
import sqlite3
import sys

database = sqlite3.connect(sys.argv[1])
rows = dict(database.execute("SELECT key, value FROM meta WHERE key LIKE 'register/%'"))
sys.exit(0 if rows["register/programs.csv"] and not rows["register/exceptions.csv"] else 1)
PY

# A file that is too large to be a register stops with the register's own code.
head -c 17000000 /dev/zero | tr '\0' 'x' >"$work/register/programs.csv"
run 3 huge inspect "$capture" --register "$work/register" --out "$work/huge"
grep -q programs.csv "$work/huge.err" || fail 'the complaint does not name the file'

[ "$failures" -eq 0 ] && echo 'exit codes: as expected'
[ "$failures" -eq 0 ]
