#!/bin/sh
# growth.sh: how the cost of a conversation grows with their number.
#
#     sh tests/bench/capture/growth.sh [CONVERSATIONS]
#
# Inspects days of 1,000, 10,000, 100,000 ... conversations, up to a million when no number is said,
# with one worker; ten million take their time. What `conversations` computes goes through a pipe,
# and what was seen into a store on the disk (half a kilobyte each), as a practice would keep it.
# The time of one is processor time (user and system) without that of starting, which a day of one
# conversation shows; small days are inspected five times, and the median counts. Figures, never a
# pass or a fail: machines differ.
set -eu

largest=${1:-1000000}
case $largest in
*[!0-9]* | 0* | '')
	echo 'usage: sh tests/bench/capture/growth.sh [CONVERSATIONS]' >&2
	exit 2
	;;
esac
cd "$(dirname "$0")/../../.."
. tests/bench/build.sh
build_release exeat tests/bench/conversations
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# inspect COUNT TIMES: its median processor time, its time by the clock, the largest memory
inspect()
{
	for _ in $(seq "$2"); do
		build-bench/tests/bench/conversations "$1" |
			python3 tests/bench/measure.py "$1" build-bench/exeat inspect - --quiet \
				--workers 1 --store "$work/exeat.db"
		rm -f "$work/exeat.db"
	done | sort -n -k 2 | awk '{ cpu[NR] = $2; wall[NR] = $3; mib = $4 > mib ? $4 : mib }
		END {
			middle = int((NR + 1) / 2)
			if (!NR)
				exit 1
			print cpu[middle], wall[middle], mib
		}'
}

start=$(inspect 1 5)
echo "starting: ${start%% *} s of processor time"
printf '%13s %9s %9s %12s %13s %9s\n' conversations 'CPU s' 'wall s' 'us for one' 'to 10,000' 'peak MiB'
count=1000
while [ "$count" -le "$largest" ]; do
	times=5
	[ "$count" -lt 1000000 ] || times=1
	figures=$(inspect "$count" "$times")
	[ "$count" -ne 10000 ] || base=$figures
	echo "$count $figures ${start%% *} ${base:-}" | awk '{
		one = ($2 - $5) / $1 * 1e6
		base = $6 ? ($6 - $5) / 10000 * 1e6 : 0
		printf "%13d %9.2f %9.2f %12.1f %13s %9d\n", $1, $2, $3, one,
			base ? sprintf("%.2f", one / base) : "-", $4
	}'
	count=$((count * 10))
done
