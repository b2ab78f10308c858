# shellcheck shell=sh
# golden.sh: what the golden tests share; sourced by them. Wants $exeat and $root.
. "$root/tests/shell.sh"

# inspect EXPECTED_EXIT_CODE NAME CAPTURE REGISTER OUT
inspect()
{
	run "$1" "$2" "$exeat" inspect "$3" --register "$4" --geo "$work/geo" --rules "$root/rules" \
		--out "$5"
}

export TZ=UTC NO_COLOR=1 COLUMNS=160
run 0 geo "$exeat" geo build --from "$root/fixtures/geo.csv" --out "$work/geo"
