#!/bin/sh
# run_second_day.sh EXEAT SOURCE_ROOT: clinic-day, then clinic-day-2, into one store.
#
# Does each day agree with what a person wrote down, does the corrected register change what is said
# of the first day, and what does a whole week of the same practice say of a backup that is missing?
set -eu
exeat=$1
root=$2
one=$root/fixtures/clinic-day
two=$root/fixtures/clinic-day-2
. "$root/tests/golden/golden.sh"

# report NAME STORE DATE OUT
report()
{
	run 1 "$1" "$exeat" report --store "$2" --day "$3" --rules "$root/rules" --out "$4"
}

# tells NAME PATTERN FILE; silent NAME PATTERN FILE
tells()
{
	grep -Eq "$2" "$3" || fail "$1: nothing says $2"
}
silent()
{
	! grep -Eq "$2" "$3" || fail "$1: says $2"
}

inspect 1 day-1 "$one/in.pcapng" "$one/register" "$work/visit"
report day-1-before "$work/visit/exeat.db" 2026-11-22 "$work/before"
inspect 1 day-2 "$two/in.pcapng" "$two/register" "$work/visit"
report day-2-report "$work/visit/exeat.db" 2026-11-23 "$work/second"
python3 "$root/tests/golden/check_truth.py" "$work/before" "$one" || fail 'truth.csv of the first day'
python3 "$root/tests/golden/check_truth.py" "$work/second" "$two" || fail 'truth.csv of the second'
for name in summary.csv flags.csv flows.jsonl; do
	diff -u "$two/expect/$name" "$work/second/$name" || fail "expect/$name"
done

# The register of the second day holds an agreement and a reason that were missing on the first: the
# reason clears; what was sent before the agreement began does not.
report day-1-after "$work/visit/exeat.db" 2026-11-22 "$work/after"
tells before ',no-basis,destination,high,.*,wattlemail,' "$work/before/flags.csv"
silent after ',no-basis,.*,wattlemail,' "$work/after/flags.csv"
tells before ',no-contract,.*,magpiescribe,' "$work/before/flags.csv"
tells after ',contract-not-started,.*,magpiescribe,' "$work/after/flags.csv"
silent before ',register-problem,' "$work/second/flags.csv"

# A week with the same backup every day, then two days without one.
mkdir "$work/captures"
for days in -5 -4 -3 -2 -1; do
	python3 "$root/tests/golden/shift_days.py" "$one/in.pcapng" "$work/captures/$days" "$days"
done
cp "$one/in.pcapng" "$work/captures/0"
cp "$two/in.pcapng" "$work/captures/1"
python3 "$root/tests/golden/shift_days.py" "$two/in.pcapng" "$work/captures/2" 1
for days in -5 -4 -3 -2 -1 0 1 2; do
	inspect 1 "week$days" "$work/captures/$days" "$two/register" "$work/week"
done
report one-day-silent "$work/week/exeat.db" 2026-11-23 "$work/silent-1"
report two-days-silent "$work/week/exeat.db" 2026-11-24 "$work/silent-2"
silent one-day-silent ',expected-flow-missing,' "$work/silent-1/flags.csv"
tells two-days-silent \
	',expected-flow-missing,program,low,No backup by WombatVault has been seen since 2026-11-22' \
	"$work/silent-2/flags.csv"
silent two-days-silent ',(first-seen|version-went-back),' "$work/silent-2/flags.csv"

mkdir "$work/terminal"
mv "$work"/*.out "$work"/*.err "$work/terminal"
for folder in visit before second after week silent-2 terminal; do
	python3 "$root/tests/golden/grep_secrets.py" "$work/$folder" "$one/secrets.txt" ||
		fail "$folder holds something of a patient"
done
[ "$failures" -eq 0 ] && echo "clinic-day-2: all as expected"
exit "$((failures > 0))"
