# shellcheck shell=sh
# shell.sh: what tests of the command line share; sourced by them. Makes the folder $work, which goes
# when the test ends, and counts $failures.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0

fail()
{
	echo "FAILED: $1"
	failures=$((failures + 1))
}

# run EXPECTED_EXIT_CODE NAME COMMAND...: output goes to $work/NAME.out, errors to $work/NAME.err
run()
{
	expected=$1
	name=$2
	shift 2
	result=0
	"$@" >"$work/$name.out" 2>"$work/$name.err" || result=$?
	[ "$result" -eq "$expected" ] || {
		fail "$name: exit code $result, expected $expected"
		cat "$work/$name.err"
	}
}
