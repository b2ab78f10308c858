#!/bin/sh
# run_golden.sh EXEAT SOURCE_ROOT AVOIDED_WORDS: the fixture clinic-day, as its users would run it.
#
# Inspects it twice and asks: are the outputs byte-equal, do they agree with what a person wrote down
# (truth.csv), with the reviewed outputs (expect/), and does no identifier or name of the fixture
# stand in any of them, with and without a register, and in a report from the store?
set -eu
exeat=$1
root=$2
avoided_words=$3
case_dir=$root/fixtures/clinic-day
. "$root/tests/golden/golden.sh"

for turn in first second; do
	inspect 1 "$turn" "$case_dir/in.pcapng" "$case_dir/register" "$work/$turn-run"
done
inspect 1 again "$case_dir/in.pcapng" "$case_dir/register" "$work/first-run"
cmp -s "$work/first.out" "$work/second.out" || fail 'the table differs between two runs'
cmp -s "$work/first.out" "$work/again.out" || fail 'the table differs when the input is run again'
for name in summary.csv flags.csv flows.jsonl report.html draft/programs.csv draft/destinations.csv; do
	cmp -s "$work/first-run/$name" "$work/second-run/$name" ||
		fail "$name differs between two runs"
done

# However many threads share the work.
for workers in 1 2 8; do
	inspect 1 "workers-$workers" "$case_dir/in.pcapng" "$case_dir/register" \
		"$work/workers-$workers-run" --workers "$workers"
	cmp -s "$work/first.out" "$work/workers-$workers.out" ||
		fail "the table differs with $workers workers"
	for name in summary.csv flags.csv flows.jsonl report.html draft/programs.csv; do
		cmp -s "$work/first-run/$name" "$work/workers-$workers-run/$name" ||
			fail "$name differs with $workers workers"
	done
	sed -E 's/"(wall|cpu)_seconds":[0-9.]+//g' "$work/workers-$workers-run/run.json" >"$work/run.$workers.json"
	cmp -s "$work/run.1.json" "$work/run.$workers.json" ||
		fail "run.json differs with $workers workers"
done

# What people wrote down before there was any output, and what was reviewed afterwards.
python3 "$root/tests/golden/check_truth.py" "$work/first-run" "$case_dir" || fail 'truth.csv'
for name in summary.csv flags.csv flows.jsonl; do
	diff -u "$case_dir/expect/$name" "$work/first-run/$name" || fail "expect/$name"
done
diff -u "$case_dir/expect/table.txt" "$work/first.out" || fail 'expect/table.txt'

# What the privacy officer reads concludes nothing, and speaks plainly.
python3 "$root/tests/golden/visible_text.py" "$work/first-run/report.html" >"$work/visible"
[ "$(wc -l <"$work/visible")" -gt 500 ] || fail 'report.html shows next to nothing'
"$avoided_words" <"$work/visible" || fail 'a word to avoid in report.html'

# The cron job: only CSV on standard output, only from the store.
run 1 cron "$exeat" report --store "$work/first-run/exeat.db" --day 2026-11-22 --csv \
	--rules "$root/rules"
cmp -s "$work/cron.out" "$work/first-run/summary.csv" || fail 'the day from the store differs'
# Without a day the conversations come in no order: the rows are the same.
run 1 all-days "$exeat" report --store "$work/first-run/exeat.db" --csv --rules "$root/rules"
cmp -s "$work/all-days.out" "$work/first-run/summary.csv" || fail 'all days from the store differ'
run 1 all-table "$exeat" report --store "$work/first-run/exeat.db" --rules "$root/rules"
for name in first all-table; do # without what only the run knew: its networks, its country data
	grep -v -e '^Inside: ' -e 'before this recording' "$work/$name.out" >"$work/$name.rows"
done
cmp -s "$work/all-table.rows" "$work/first.rows" || fail 'the table from the store differs'
run 1 quiet-day "$exeat" report --store "$work/first-run/exeat.db" --day 2026-11-20 --csv \
	--rules "$root/rules"
grep -q not-captured "$work/quiet-day.out" || fail 'a day without capture is not named'

# The same register as Excel workbooks: the same verdicts, which name the workbook; also when they are
# made again from what the store remembers of it.
places() # FOLDER NAME: the file without the digest of the register and the kind of its files
{
	sed -E 's/[0-9a-f]{64}//g; s/(practice|programs|destinations|contracts|basis)\.(csv|xlsx)([:;])/\1\3/g' \
		"$work/$1/$2" >"$work/places.$1.$2"
}
inspect 1 workbooks "$case_dir/in.pcapng" "$root/fixtures/register-xlsx/clinic-day" \
	"$work/workbook-run"
for name in summary.csv flags.csv flows.jsonl; do
	places first-run "$name"
	places workbook-run "$name"
	cmp -s "$work/places.first-run.$name" "$work/places.workbook-run.$name" ||
		fail "$name differs with workbooks (fixtures/make/make_register_xlsx.py makes them)"
done
grep -q 'programs\.xlsx:' "$work/workbook-run/flags.csv" || fail 'no flag names the workbook'
run 1 workbooks-again "$exeat" report --store "$work/workbook-run/exeat.db" --day 2026-11-22 --csv \
	--rules "$root/rules"
cmp -s "$work/workbooks-again.out" "$work/workbook-run/summary.csv" ||
	fail 'the day from the store differs with workbooks'

# Without a register: everything is a question, and rows to confirm are drafted.
run 1 no-register "$exeat" inspect "$case_dir/in.pcapng" --geo "$work/geo" --rules "$root/rules" \
	--out "$work/no-register-run"
grep -q unknown-destination "$work/no-register-run/flags.csv" || fail 'no register: no question'
[ "$(wc -l <"$work/no-register-run/draft/destinations.csv")" -gt 5 ] || fail 'no register: no draft'

# Without a look at content: who sent how much to whom, however many threads share the work, and
# nothing that only a look inside could tell; the store says so, too.
for workers in 1 2 8; do
	inspect 1 "no-content-$workers" "$case_dir/in.pcapng" "$case_dir/register" \
		"$work/no-content-$workers-run" --no-content --workers "$workers"
	diff -u "$case_dir/expect/no-content/table.txt" "$work/no-content-$workers.out" ||
		fail "expect/no-content/table.txt with $workers workers"
	diff -u "$case_dir/expect/no-content/flags.csv" "$work/no-content-$workers-run/flags.csv" ||
		fail "expect/no-content/flags.csv with $workers workers"
	for name in summary.csv flows.jsonl report.html draft/destinations.csv; do
		cmp -s "$work/no-content-1-run/$name" "$work/no-content-$workers-run/$name" ||
			fail "$name differs with $workers workers and --no-content"
	done
done
run 1 no-content-report "$exeat" report --store "$work/no-content-1-run/exeat.db" --rules "$root/rules"
for name in no-content-1 no-content-report; do
	grep -q 'was not looked into, as asked' "$work/$name.out" ||
		fail "$name: nothing says that content was not looked into"
done
python3 "$root/tests/golden/check_no_content.py" "$work/first-run" "$work/no-content-1-run" ||
	fail 'conversations with and without a look at their content'
python3 "$root/tests/golden/visible_text.py" "$work/no-content-1-run/report.html" >"$work/visible"
"$avoided_words" <"$work/visible" || fail 'a word to avoid in report.html with --no-content'
run 2 no-content-save "$exeat" capture -i lo --no-content --save "$work/saved/x" --purpose test \
	--keep 1d
grep -q -e '--no-content and --save' "$work/no-content-save.err" || fail 'no-content and save'

# Nothing of a patient stands anywhere, also not on the terminal.
mkdir "$work/terminal"
mv "$work"/*.out "$work"/*.err "$work"/*.rows "$work/terminal"
for folder in first-run second-run workbook-run no-register-run no-content-1-run terminal; do
	python3 "$root/tests/golden/grep_secrets.py" "$work/$folder" "$case_dir/secrets.txt" ||
		fail "$folder holds something of a patient"
done
[ "$failures" -eq 0 ] && echo "clinic-day: all as expected"
exit "$((failures > 0))"
