#!/bin/sh
# recompute.sh EXEAT SOURCE_ROOT: a corrected register judges the store again, says what changed, and
# takes the place of the one that the store remembers; nothing else does.
set -eu
exeat=$1
root=$2
case_dir=$root/fixtures/clinic-day
. "$root/tests/shell.sh"

# report ARGUMENTS...: of the store of the visit
report()
{
	"$exeat" report --store "$work/visit/exeat.db" --rules "$root/rules" "$@"
}

snapshot()
{
	python3 -c 'import hashlib, sqlite3, sys
rows = sqlite3.connect(sys.argv[1]).execute("SELECT key, value FROM meta ORDER BY key")
print(hashlib.sha256(repr(list(rows)).encode()).hexdigest())' "$work/visit/exeat.db"
}

export TZ=UTC NO_COLOR=1 COLUMNS=160
run 0 geo "$exeat" geo build --from "$root/fixtures/geo.csv" --out "$work/geo"
run 1 inspect "$exeat" inspect --quiet "$case_dir/in.pcapng" --register "$case_dir/register" \
	--geo "$work/geo" --rules "$root/rules" --out "$work/visit"
first=$(snapshot)

# PingPath's agreement was renewed, and HopDesk may be used.
cp -r "$case_dir/register" "$work/corrected"
sed -i 's/,2023-02-01,2026-01-31,/,2023-02-01,2027-01-31,/' "$work/corrected/contracts.csv"
sed -i 's/,remote,banned,/,remote,approved,/' "$work/corrected/programs.csv"

# Without --recompute the store is not changed, whether a folder is written or not.
run 1 look report --register "$work/corrected"
run 1 look-out report --register "$work/corrected" --out "$work/look"
[ "$(snapshot)" = "$first" ] || fail 'a report without --recompute changed the snapshot'
[ ! -e "$work/look/changes.csv" ] || fail 'changes.csv without --recompute'
grep -q 'Compared with' "$work/look-out.out" && fail 'a comparison that nobody asked for'

run 2 no-register report --recompute
run 2 one-day report --recompute --register "$work/corrected" --day 2026-11-22
[ "$(snapshot)" = "$first" ] || fail 'a refused command changed the snapshot'

# What a broken register says of itself leaves everything as it was.
cp -r "$work/corrected" "$work/broken"
sed -i 's/,approved,/,aproved,/' "$work/broken/programs.csv"
run 3 broken report --recompute --register "$work/broken" --out "$work/broken-out"
[ "$(snapshot)" = "$first" ] || fail 'a register with errors became the snapshot'

run 1 changed report --recompute --register "$work/corrected" --out "$work/visit"
grep -q '^Compared with the register that the store remembered: ' "$work/changed.out" ||
	fail 'the table does not say what changed'
for row in 'gone,[0-9a-f]*,contract-expired,destination,' 'gone,[0-9a-f]*,program-banned,program,' \
	'new,[0-9a-f]*,contract-ending,destination,,low,'; do
	grep -q "^1,$row" "$work/visit/changes.csv" || fail "changes.csv lacks $row"
done
grep -q '<h2>Changes</h2>' "$work/visit/report.html" || fail 'report.html has no section Changes'
[ "$(snapshot)" != "$first" ] || fail 'the corrected register is not remembered'

# Every id of changes.csv is one of flags.csv, before or after.
run 1 before "$exeat" report --store "$work/visit/exeat.db" --rules "$root/rules" \
	--register "$case_dir/register" --out "$work/before"
python3 - "$work" <<'PY' || fail 'changes.csv does not agree with flags.csv'
import csv
import sys


def flags(folder):
    with open(f"{sys.argv[1]}/{folder}/flags.csv", newline="", encoding="utf-8") as file:
        return {row["id"]: row["severity"] for row in csv.DictReader(file)}


before, after = flags("before"), flags("visit")
expected = {(i, before.get(i, ""), after.get(i, ""))
            for i in before.keys() | after.keys() if before.get(i) != after.get(i)}
with open(f"{sys.argv[1]}/visit/changes.csv", newline="", encoding="utf-8") as file:
    rows = list(csv.DictReader(file))
found = {(row["id"], row["severity_before"], row["severity_after"]) for row in rows}
sys.exit(0 if found == expected and len(rows) == len(found) > 2 else 1)
PY

# Again: nothing changes any more. A report from the snapshot alone says what the recomputed one said.
cp "$work/visit/flags.csv" "$work/flags.csv"
run 1 again report --recompute --register "$work/corrected" --out "$work/visit"
grep -q ': 0 flags gone, 0 new, 0 of another severity, 0 now accepted, ' "$work/again.out" ||
	fail 'the same register changes something'
[ "$(wc -l <"$work/visit/changes.csv")" -eq 1 ] || fail 'changes.csv has rows though nothing changed'
run 1 plain report --out "$work/visit"
cmp -s "$work/flags.csv" "$work/visit/flags.csv" || fail 'the snapshot says something else'
[ ! -e "$work/visit/changes.csv" ] || fail 'changes.csv of an earlier report was left'

# A flag that somebody took on, and then no longer.
cp -r "$work/corrected" "$work/accepting"
{
	echo 'flag,program_id,dest_id,reason,accepted_by,from,until'
	echo 'no-contract,hopdesk,,being negotiated,Practice manager,2026-11-01,2026-12-31'
} >"$work/accepting/exceptions.csv"
run 1 accepted report --recompute --register "$work/accepting" --out "$work/visit"
grep -q ' 0 new, 0 of another severity, 1 now accepted, 0 no longer accepted, ' \
	"$work/accepted.out" || fail 'an exception changes nothing'
grep -q '^1,accepted,[0-9a-f]*,no-contract,' "$work/visit/changes.csv" ||
	fail 'changes.csv lacks what is now accepted'
run 1 unaccepted report --recompute --register "$work/corrected" --out "$work/visit"
grep -q ' 0 now accepted, 1 no longer accepted, ' "$work/unaccepted.out" ||
	fail 'an exception that went changes nothing'
grep -q '^1,not-accepted,[0-9a-f]*,no-contract,' "$work/visit/changes.csv" ||
	fail 'changes.csv lacks what is no longer accepted'

# What the practice found out of a country counts for what was recorded before, is remembered, and
# is gone with its row.
cp -r "$work/corrected" "$work/found-out"
printf 'match,organisation,country,source,checked_on\n%s\n' \
	'domain:bookaroo.example,Bookaroo,NZ,letter of 2026,2026-11-20' >"$work/found-out/overrides.csv"
found='"country":"NZ","country_confidence":"override","org":"Bookaroo"'
run 1 found-out report --recompute --register "$work/found-out" --out "$work/visit"
grep -q '^1,new,[0-9a-f]*,country-not-allowed,destination,.*bookaroo' "$work/visit/changes.csv" ||
	fail 'a country that was found out changes nothing'
run 1 remembered report --out "$work/visit"
grep -q "$found" "$work/visit/flows.jsonl" || fail 'the finding of the practice is not remembered'
run 0 explained "$exeat" register explain --store "$work/visit/exeat.db" --rules "$root/rules" bookaroo
grep -q 'New Zealand' "$work/explained.out" || fail 'explain does not know what was found out'
run 1 taken-back report --recompute --register "$work/corrected" --out "$work/visit"
grep -q '^1,gone,[0-9a-f]*,country-not-allowed,destination,.*bookaroo' "$work/visit/changes.csv" ||
	fail 'a row that was taken back still counts'
run 1 as-before report --out "$work/visit"
cmp -s "$work/flags.csv" "$work/visit/flags.csv" || fail 'a row that was taken back leaves something'
printf 'match\n' >"$work/found-out/overrides.csv"
run 3 bad-finding report --register "$work/found-out"
grep -q 'overrides.csv:1:0: The header lacks a column' "$work/bad-finding.err" ||
	fail 'a mistake in overrides.csv has no place'

# A store that remembers no register, and one whose register would be refused today.
run 1 bare "$exeat" inspect --quiet "$case_dir/in.pcapng" --geo "$work/geo" --rules "$root/rules" \
	--authorised-by 'A. Manager, 2026-11-20' --out "$work/bare"
run 1 from-none "$exeat" report --recompute --store "$work/bare/exeat.db" --rules "$root/rules" \
	--register "$work/corrected"
grep -q '^Compared with no register, as the store remembered none: ' "$work/from-none.out" ||
	fail 'the first register of a store is not compared'
python3 - "$work/bare/exeat.db" <<'PY'
import sqlite3
import sys

store = sqlite3.connect(sys.argv[1])
store.execute("UPDATE meta SET value = 'no register' WHERE key = 'register/programs.csv'")
store.commit()
PY
run 1 refused "$exeat" report --recompute --store "$work/bare/exeat.db" --rules "$root/rules" \
	--register "$work/corrected"
grep -q 'nothing can be compared' "$work/refused.err" || fail 'an old snapshot is not named'

mkdir "$work/outputs"
cp "$work"/*.out "$work"/*.err "$work/outputs"
for folder in visit bare look outputs; do
	python3 "$root/tests/golden/grep_secrets.py" "$work/$folder" "$case_dir/secrets.txt" ||
		fail "$folder holds what it must not"
done
[ "$failures" -eq 0 ]
