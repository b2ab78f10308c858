#!/bin/sh
# explain.sh EXEAT SOURCE_ROOT: each row that decided, by file and line, for a program, a
# conversation and a flag.
set -eu
exeat=$1
root=$2
case_dir=$root/fixtures/clinic-day
. "$root/tests/shell.sh"

# says NAME TEXT...: the output, with its lines joined, holds each text
says()
{
	name=$1
	shift
	for text in "$@"; do
		tr -s ' \n' '  ' <"$work/$name.out" | grep -qF -- "$text" || fail "$name does not say: $text"
	done
}

explain()
{
	"$exeat" register explain --rules "$root/rules" --store "$work/visit/exeat.db" "$@"
}

# id FILE PATTERN: of the first row that fits
flag_id()
{
	grep -m 1 "$1" "$work/visit/flags.csv" | cut -d, -f2
}

flow_id()
{
	python3 -c 'import json, sys
rows = [json.loads(line) for line in open(sys.argv[1], encoding="utf-8")]
print(next(r["id"] for r in rows if r["host"] == sys.argv[2] and r["verdict"]))' \
		"$work/visit/flows.jsonl" "$1"
}

# line FILE ID: where the row stands
line()
{
	echo "$1:$(grep -n "^$2," "$case_dir/register/$1" | cut -d: -f1)"
}

export TZ=UTC NO_COLOR=1 COLUMNS=80
run 0 geo "$exeat" geo build --from "$root/fixtures/geo.csv" --out "$work/geo"
run 1 inspect "$exeat" inspect --quiet "$case_dir/in.pcapng" --register "$case_dir/register" \
	--geo "$work/geo" --rules "$root/rules" --out "$work/visit"

run 0 help explain --help
run 2 nothing explain
run 2 two explain pingpath bookaroo
run 2 out explain pingpath --out "$work/x"
for id in nosuch 0000000000 0000000000000000 unregistered:nosuch.exe; do
	run 2 unknown explain "$id"
	[ "$(wc -l <"$work/unknown.err")" -eq 1 ] || fail "$id: more than one line"
	[ ! -s "$work/unknown.out" ] || fail "$id: something is printed before it is known"
done

run 0 program explain pingpath
says program "$(line programs.csv pingpath) (pingpath)" "Recorded as no longer used" \
	"$(line destinations.csv ping-sms) (ping-sms)" "dns:sms.pingpath.example" \
	"$(line contracts.csv c-05) (c-05)" "ended before 2026-11-22" \
	"$(line basis.csv b-05) (b-05)" "contract-expired, id $(flag_id contract-expired)" \
	"Seen: 1 conversation, 1123 bytes sent"
run 0 incomplete explain hopdesk
says incomplete "contracts.csv the agreement with HopDesk GmbH" \
	"basis.csv why HopDesk GmbH may receive this"
run 0 elsewhere explain magpiescribe
says elsewhere "to far ends without a row: 1 conversation"
run 0 stranger explain unregistered:freesync.exe
says stranger "no row of programs.csv fits it" "unknown-program" "register learn drafts it"

run 0 flow explain "$(flow_id sms.pingpath.example)"
says flow "known by dns:sms.pingpath.example (a strong sign)" "Found by dns:sms.pingpath.example." \
	"not protected (http)" "patient identifiers (medicare), 6 times" "recorded as no longer used" "$(line contracts.csv c-05) (c-05)" \
	"Verdict act today; content: something about patients; paper: ended" "To clear it: "
run 0 flow-unknown explain "$(flow_id drop.freesync.example)"
says flow-unknown "no row of destinations.csv fits drop.freesync.example" \
	"Missing in the register" "destinations.csv a row that matches drop.freesync.example"

run 0 flag explain "$(flag_id contract-expired)"
says flag "of 1 conversation" "Conversation $(flow_id sms.pingpath.example)" \
	"$(line contracts.csv c-05) (c-05) ended 2026-01-31"
run 0 run-flag explain "$(flag_id capture-gap)"
says run-flag "of no single conversation"
# One of each kind: what makes two of a kind differ is in their conversations.
sed 1d "$work/visit/flags.csv" | sort -t, -u -k3,3 | cut -d, -f2 | while read -r id; do
	explain "$id" >"$work/each.out" || echo "$id" >>"$work/unexplained"
done
[ ! -e "$work/unexplained" ] || fail 'a kind of flag of flags.csv cannot be explained'

# By another register than the one of the store.
cp -r "$case_dir/register" "$work/corrected"
sed -i 's/,2023-02-01,2026-01-31,/,2023-02-01,2027-01-31,/' "$work/corrected/contracts.csv"
run 2 corrected explain "$(flag_id contract-expired)" --register "$work/corrected"

# A far end that the register has a row of, by a program that it has none of.
mkdir "$work/stranger"
cp -r "$case_dir/register/." "$work/stranger"
echo 'free-drop,bookaroo,FreeSync SAS,FR,processor,sni:drop.freesync.example,FR,FR,,no,,no,1.2,letter,2026-07-14' \
	>>"$work/stranger/destinations.csv"
run 0 stranger-known explain unregistered:freesync.exe --register "$work/stranger"
says stranger-known "Seen 1 conversation"

# A program's flags are those of flags.csv by their ids, with those that rest on its history.
cp -r "$case_dir/register" "$work/old"
python3 - "$work/old/programs.csv" <<'PY'
import csv
import sys

with open(sys.argv[1], newline="", encoding="utf-8") as file:
    rows = list(csv.DictReader(file))
for row in rows:
    if row["program_id"] == "bookaroo":
        row.update(min_supported="3.0", versions_known="2.7|2.8|3.0")
with open(sys.argv[1], "w", newline="", encoding="utf-8") as file:
    writer = csv.DictWriter(file, rows[0])
    writer.writeheader()
    writer.writerows(rows)
PY
run 1 inspect-old "$exeat" inspect --quiet "$case_dir/in.pcapng" --register "$work/old" \
	--geo "$work/geo" --rules "$root/rules" --out "$work/visit-old"
grep -q ',unsupported-version,.*,bookaroo,' "$work/visit-old/flags.csv" ||
	fail 'the old version raises no flag'
python3 - "$work/visit-old/flags.csv" >"$work/expected" <<'PY'
import csv
import sys

with open(sys.argv[1], newline="", encoding="utf-8") as file:
    for row in csv.DictReader(file):
        if row["program_id"]:
            print(row["program_id"], row["id"])
PY
for program in $(cut -d' ' -f1 "$work/expected" | sort -u); do
	run 0 each-program "$exeat" register explain --rules "$root/rules" \
		--store "$work/visit-old/exeat.db" "$program"
	tr -s ' \n' '  ' <"$work/each-program.out" | grep -o ', id [0-9a-f]*' | cut -d' ' -f3 |
		sort >"$work/told"
	grep "^$program " "$work/expected" | cut -d' ' -f2 | sort | cmp -s - "$work/told" ||
		fail "$program: not the flags of flags.csv"
done

awk 'length > 80 { exit 1 }' "$work/program.out" || fail 'a line is wider than the terminal'
mkdir "$work/outputs"
cp "$work"/*.out "$work"/*.err "$work/outputs"
python3 "$root/tests/golden/grep_secrets.py" "$work/outputs" "$case_dir/secrets.txt" ||
	fail 'the outputs hold what they must not'
[ "$failures" -eq 0 ]
