#!/bin/sh
# register.sh EXEAT SOURCE_ROOT: `register template` writes what a practice begins with and never
# overwrites; `register check` reads what it wrote.
set -eu
exeat=$1
root=$2
. "$root/tests/shell.sh"

# attempt EXPECTED_EXIT_CODE COMMAND...: output goes to $work/log
attempt()
{
	expected=$1
	shift
	result=0
	"$@" >"$work/log" 2>&1 || result=$?
	[ "$result" -eq "$expected" ] || {
		fail "$*: exit code $result, expected $expected"
		cat "$work/log"
	}
}

tables='practice programs destinations contracts basis exceptions'
attempt 0 "$exeat" register template "$work/new"
for table in $tables; do
	[ -s "$work/new/$table.csv" ] || fail "no $table.csv"
	[ -s "$work/new/example/$table.csv" ] || fail "no example of $table.csv"
	[ "$(stat -c %a "$work/new/$table.csv")" = 600 ] || fail "$table.csv can be read by others"
done
grep -q 'internal_nets (must be filled in)' "$work/new/README.txt" || fail 'the guide lacks a key'

# Empty tables name what must be filled in; the example can be used as it is.
attempt 3 "$exeat" register check "$work/new"
grep -q 'practice.csv:2:2 (cell B2): practice_name must be filled in' "$work/log" ||
	fail 'nothing says what is to be filled in'
attempt 0 "$exeat" register check "$work/new/example"
grep -q 'Programs: 3, destinations: 4, contracts: 3,' "$work/log" || fail 'the example was not read'

# What is there stays, and nothing is added beside it.
echo mine >"$work/new/basis.csv"
attempt 2 "$exeat" register template "$work/new"
[ "$(cat "$work/new/basis.csv")" = mine ] || fail 'a file was overwritten'
mkdir "$work/other"
echo mine >"$work/other/contracts.csv"
attempt 2 "$exeat" register template "$work/other"
grep -q 'contracts.csv is there already' "$work/log" || fail 'nothing says which file is there'
[ "$(ls "$work/other")" = contracts.csv ] || fail 'files of a refused template were left'
mkdir "$work/linked"
ln -s "$work/linked" "$work/link"
attempt 2 "$exeat" register template "$work/link"
attempt 2 "$exeat" register template "$work/absent/below"
attempt 2 "$exeat" register template
attempt 2 "$exeat" register

# A spreadsheet that has a file open is named, and the run goes on.
touch "$work/new/example/~\$contracts.csv"
attempt 0 "$exeat" register check "$work/new/example"
grep -q 'contracts.csv: The file seems to be open' "$work/log" || fail 'an open file is not named'

# What has ended is named by `register check`.
sed -i 's/2027-06-30,full-db/2027-06-30,full-db/; s/c-03,\(.*\),2028-01-31/c-03,\1,2025-12-31/' \
	"$work/new/example/contracts.csv"
attempt 0 "$exeat" register check "$work/new/example"
grep -q 'contracts.csv:4:7 (cell G4): This ended on 2025-12-31' "$work/log" ||
	fail 'an agreement that ended is not named'

# Every mistake of the list ends in the exit code of its severity.
cp -r "$work/new/example" "$work/base"
cp "$root/fixtures/register-mistakes/file-is-workbook.csv" "$work/base/programs.csv"
attempt 3 "$exeat" register check "$work/base"

# What is no file is refused by name, and nobody waits for a pipe.
no_file()
{
	cp -r "$work/new/example" "$work/no-$1"
	rm "$work/no-$1/programs.csv"
	(cd "$work/no-$1" && shift && "$@")
	attempt 3 timeout 20 "$exeat" register check "$work/no-$1"
	grep -q 'programs.csv of the register is ' "$work/log" || fail "$1: nothing says what is wrong"
}
no_file folder mkdir programs.csv
no_file pipe mkfifo programs.csv
no_file ring ln -s programs.csv programs.csv
no_file nothing ln -s absent programs.csv

[ "$failures" -eq 0 ]
