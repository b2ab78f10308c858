# shellcheck shell=sh
# golden.sh: what the golden tests share; sourced by them. Wants $exeat and $root.
. "$root/tests/shell.sh"

# inspect EXPECTED_EXIT_CODE NAME CAPTURE REGISTER OUT [OPTIONS]
inspect()
{
	code=$1 called=$2 capture=$3 register=$4 out=$5
	shift 5
	run "$code" "$called" "$exeat" inspect "$capture" --register "$register" --geo "$work/geo" \
		--rules "$root/rules" --out "$out" "$@"
}

export TZ=UTC NO_COLOR=1 COLUMNS=160
run 0 geo "$exeat" geo build --from "$root/fixtures/geo.csv" --out "$work/geo"
