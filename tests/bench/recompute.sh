#!/bin/sh
# recompute.sh: how long it takes to judge many stored conversations again.
#
#     sh tests/bench/recompute.sh [CONVERSATIONS]
#
# Without a number: a million, in a store of 1 GB. They are those of fixtures/clinic-day, repeated
# over a month, on forty computers. Three reports: with the register that the store remembers, with
# a corrected one, and with what that changes. Prints the processor time, the time by the clock and
# the largest memory of each. A figure, never a pass or a fail: machines differ.
set -eu

count=${1:-1000000}
case $count in
*[!0-9]* | 0* | '')
	echo 'usage: sh tests/bench/recompute.sh [CONVERSATIONS]' >&2
	exit 2
	;;
esac
cd "$(dirname "$0")/../.."
. tests/bench/build.sh
build_release exeat tests/bench/fill_store
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

mkdir "$work/day" "$work/month"
build-bench/exeat inspect fixtures/clinic-day/in.pcapng --register fixtures/clinic-day/register \
	--rules rules --out "$work/day" --quiet || [ $? -eq 1 ]
build-bench/tests/bench/fill_store "$work/day/exeat.db" "$work/month/exeat.db" "$count"
cp -r fixtures/clinic-day/register "$work/corrected"
sed -i '/^c-05,/s/,2026-01-31,/,2027-01-31,/' "$work/corrected/contracts.csv"
! cmp -s fixtures/clinic-day/register/contracts.csv "$work/corrected/contracts.csv" || {
	echo 'the fixture has no agreement c-05 to correct any more' >&2
	exit 1
}

# measure NAME ARGUMENTS...
measure()
{
	name=$1
	shift
	figures=$(python3 tests/bench/measure.py "$name" build-bench/exeat report \
		--store "$work/month/exeat.db" --rules rules "$@")
	echo "$figures" | awk -F '\t' '{ printf "%-22s %8.1f %8.1f %8d\n", $1, $2, $3, $4 }'
}

printf '%-22s %8s %8s %8s\n' 'report' 'CPU s' 'wall s' 'MiB'
measure remembered --csv
measure corrected --register "$work/corrected" --csv
measure 'corrected, compared' --register "$work/corrected" --recompute
