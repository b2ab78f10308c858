#!/bin/sh
# doctor.sh EXEAT SOURCE_ROOT: says what works, names mistakes in rules with their place, and reads a
# register when it is given one.
set -eu
exeat=$1
root=$2
. "$root/tests/shell.sh"

# examine EXPECTED_EXIT_CODE OPTION...: output goes to $work/out, complaints to $work/err
examine()
{
	expected=$1
	shift
	result=0
	"$exeat" doctor "$@" >"$work/out" 2>"$work/err" || result=$?
	# Who may not listen on interfaces is told so, with 6, unless something else ranks higher.
	grep -q 'may not listen' "$work/out" && [ "$expected" -ne 2 ] && expected=6
	[ "$result" -eq "$expected" ] || {
		fail "doctor $*: exit code $result, expected $expected"
		cat "$work/out" "$work/err"
	}
}

says()
{
	grep -q "$1" "$work/out" || {
		fail "doctor does not say: $1"
		cat "$work/out"
	}
}

mkdir "$work/none"
examine 0 --rules "$root/rules"
says '^rules  .*can be used'
says '^patterns  .*found its test strings'
says '^services  .*[1-9][0-9]* organisations'
says '^capture  '
says '^sandbox  .*seccomp'
[ -s "$work/err" ] && fail 'doctor complains of good rules'

examine 0 --rules "$root/rules" --register "$root/fixtures/clinic-day/register"
says '^register  .*can be used'

# A mistake is named with file, line and column; what does not rest on it is still examined.
cp -r "$root/rules" "$work/rules"
sed -i '3s/directory/elsewhere/' "$work/rules/identifiers.csv"
examine 2 --rules "$work/rules"
grep -q 'identifiers.csv:3:3: ' "$work/err" || fail 'the place of the mistake is not named'
says '^rules  .*cannot be used'
says '^country data'
says '^sandbox  '

examine 2 --rules "$work/none"
grep -q 'lacks identifiers.csv' "$work/err" || fail 'nothing says which file is missing'
examine 2 surplus

[ "$failures" -eq 0 ]
