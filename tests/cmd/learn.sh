#!/bin/sh
# learn.sh EXEAT SOURCE_ROOT: drafts of register rows from a store. They hold what was seen, and a
# register made of them alone is refused until a person has filled it in.
set -eu
exeat=$1
root=$2
case_dir=$root/fixtures/clinic-day
. "$root/tests/shell.sh"

learn()
{
	"$exeat" register learn --rules "$root/rules" "$@"
}

export TZ=UTC NO_COLOR=1 COLUMNS=100
run 0 geo "$exeat" geo build --from "$root/fixtures/geo.csv" --out "$work/geo"
run 1 inspect "$exeat" inspect --quiet "$case_dir/in.pcapng" --register "$case_dir/register" \
	--geo "$work/geo" --rules "$root/rules" --out "$work/visit"
store=$work/visit/exeat.db

run 0 help learn --help
run 2 no-store learn --out "$work/x"
run 2 no-out learn --store "$store"
run 2 typo learn --store "$work/visit/typo.db" --out "$work/x"

# With the register of the store: only what it does not know.
run 0 known learn --store "$store" --out "$work/known"
grep -q '^freesync-exe,freesync.exe,' "$work/known/draft/programs.csv" ||
	fail 'the unknown program is not drafted'
grep -q '^freesync-example,freesync-exe,,,,sni:drop.freesync.example,,' \
	"$work/known/draft/destinations.csv" || fail 'the unknown destination is not drafted'
grep -q 'bookaroo\.example' "$work/known/draft/programs.csv" "$work/known/draft/destinations.csv" &&
	fail 'what the register knows is drafted'
grep -q '^destinations.csv,freesync-example,1,.*drop.freesync.example (sni).*,FR,database,' \
	"$work/known/draft/evidence.csv" || fail 'evidence.csv does not say what was seen'
[ "$(ls "$work/known/draft" | tr '\n' ' ')" = 'destinations.csv evidence.csv programs.csv ' ] ||
	fail 'learn drafts other files than it should'
[ ! -e "$work/known/programs.csv" ] || fail 'a draft stands where a register would'
cmp -s "$work/visit/draft/programs.csv" "$work/known/draft/programs.csv" ||
	fail 'learn drafts other programs than the report'
cmp -s "$work/visit/draft/destinations.csv" "$work/known/draft/destinations.csv" ||
	fail 'learn drafts other destinations than the report'

# An id that the register has already is given to nobody else.
cp -r "$case_dir/register" "$work/taken"
sed -i 's/^wombat-store,/freesync-example,/' "$work/taken/destinations.csv"
run 0 taken learn --store "$store" --register "$work/taken" --out "$work/taken-out"
grep -q '^freesync-example-2,' "$work/taken-out/draft/destinations.csv" ||
	fail 'an id of the register is given a second time'

# Without any row everything is drafted; several names of one owner become one rule, names that a
# hosting service lends do not.
mkdir "$work/empty"
for name in programs destinations contracts basis; do
	head -n 1 "$case_dir/register/$name.csv" >"$work/empty/$name.csv"
done
cp "$case_dir/register/practice.csv" "$work/empty"
python3 - "$store" "$work/shared.db" <<'PY'
import shutil
import sqlite3
import sys

shutil.copy(sys.argv[1], sys.argv[2])
store = sqlite3.connect(sys.argv[2])
store.execute("UPDATE name SET name = replace(name, 'wattlemail.example', 'x.s3.amazonaws.com')")
store.execute("UPDATE flow SET domain = 'x.s3.amazonaws.com' WHERE domain = 'wattlemail.example'")
store.commit()
PY
run 0 all learn --store "$work/shared.db" --register "$work/empty" --out "$work/all"
grep -q ',dns:\*.quoll.example|dns:quoll.example,' "$work/all/draft/destinations.csv" ||
	fail 'several names of one owner are not one rule'
grep -q '\*[a-z0-9.]*amazonaws' "$work/all/draft/destinations.csv" "$work/all/draft/programs.csv" &&
	fail 'a wildcard at a hosting service is proposed'
grep -q 'dns:mx.x.s3.amazonaws.com' "$work/all/draft/destinations.csv" ||
	fail 'the names at a hosting service are not drafted'
grep -q '…' "$work/all/draft/destinations.csv" && fail 'a rule that was cut is proposed'

# Copied unread, the drafts are no register: every row lacks what only a person knows.
cp "$work/all/draft/programs.csv" "$work/all/draft/destinations.csv" "$work/empty"
run 3 unread "$exeat" register check "$work/empty"
python3 - "$work" <<'PY' || fail 'a drafted row could act as permission'
import csv
import re
import sys


def rows(name):
    with open(f"{sys.argv[1]}/all/draft/{name}.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


programs, destinations, evidence = rows("programs"), rows("destinations"), rows("evidence")
ok = len(programs) > 5 and len(destinations) > 5
ok &= all(not (row["status"] or row["owner"] or row["vendor"]) for row in programs)
ok &= all(not (row["role"] or row["recipient"] or row["recipient_country"] or
               row["allowed_countries"]) for row in destinations)
ids = [row["program_id"] for row in programs]
ok &= len(set(ids)) == len(ids) and all(re.fullmatch("[a-z0-9-]{2,32}", i) for i in ids)
ids = [row["dest_id"] for row in destinations]
ok &= len(set(ids)) == len(ids) and all(re.fullmatch("[a-z0-9-]{2,32}", i) for i in ids)
ok &= len(evidence) == len(programs) + len(destinations)
sys.exit(0 if ok else 1)
PY

# A browser sends for many sites: no rule may claim all of them by its name.
cp "$store" "$work/browser.db"
python3 - "$work/browser.db" <<'PY'
import sqlite3
import sys

store = sqlite3.connect(sys.argv[1])
store.execute("UPDATE flow SET process_name = 'Chrome.exe', process_path = 'Chrome.exe' "
              "WHERE domain IN ('freesync.example', 'trackmagnet.example')")
store.commit()
PY
run 0 browser learn --store "$work/browser.db" --out "$work/browser"
grep -qi 'proc:chrome' "$work/browser/draft/programs.csv" && fail 'a browser is drafted as a program'
for host in drop.freesync.example collect.trackmagnet.example; do
	grep -q "^[a-z0-9-]*,site or program behind .*,[a-z]*:$host," "$work/browser/draft/programs.csv" ||
		fail "$host, by a browser, is not drafted by itself"
done

# Filled in, a draft is a register without mistakes, and proposes nothing that a register refuses.
for drafted in known browser all; do
	rm -rf "$work/filled"
	cp -r "$case_dir/register" "$work/filled"
	[ "$drafted" != all ] || cp "$work/empty"/*.csv "$work/filled"
	python3 - "$work/$drafted/draft" "$work/filled" <<'PY'
import csv
import sys

FILLED = {"programs": {"vendor": "Some Vendor Pty Ltd", "status": "approved", "owner": "manager"},
          "destinations": {"recipient": "Some Vendor Pty Ltd", "recipient_country": "AU",
                           "role": "processor", "allowed_countries": "AU",
                           "checked_on": "2026-11-22"}}
for name, values in FILLED.items():
    with open(f"{sys.argv[2]}/{name}.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    with open(f"{sys.argv[1]}/{name}.csv", newline="", encoding="utf-8") as file:
        drafts = list(csv.DictReader(file))
    rows = [r for r in rows if list(r.values())[0] not in {list(d.values())[0] for d in drafts}]
    for row in drafts:
        row.update({key: row[key] or value for key, value in values.items()})
    with open(f"{sys.argv[2]}/{name}.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, drafts[0])
        writer.writeheader()
        writer.writerows(rows + drafts)
PY
	run 0 "filled-$drafted" "$exeat" register check "$work/filled"
	grep -E 'rule-shared-host|common-port|error' "$work/filled-$drafted.out" &&
		fail "$drafted: a draft that was filled in is refused"
done

# No capture, no drafts.
head -c 24 /dev/zero >"$work/none.pcap"
run 4 none-made "$exeat" inspect --quiet --rules "$root/rules" "$work/none.pcap" --out "$work/none"
run 4 none learn --store "$work/none/exeat.db" --out "$work/none-out"

mkdir "$work/outputs"
cp "$work"/*.out "$work"/*.err "$work/outputs"
for folder in known all outputs; do
	python3 "$root/tests/golden/grep_secrets.py" "$work/$folder" "$case_dir/secrets.txt" ||
		fail "$folder holds what it must not"
done
[ "$failures" -eq 0 ]
