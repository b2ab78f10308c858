# shellcheck shell=sh
# golden.sh: what the golden tests share; sourced by them. Wants $exeat, $root and $work.
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

# inspect EXPECTED_EXIT_CODE NAME CAPTURE REGISTER OUT
inspect()
{
	run "$1" "$2" "$exeat" inspect "$3" --register "$4" --geo "$work/geo" --rules "$root/rules" \
		--out "$5"
}

export TZ=UTC NO_COLOR=1 COLUMNS=160
run 0 geo "$exeat" geo build --from "$root/fixtures/geo.csv" --out "$work/geo"
