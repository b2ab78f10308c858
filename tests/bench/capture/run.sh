#!/bin/sh
# run.sh: what inspecting a capture costs, beside others, in one run on one machine.
#
#     sh tests/bench/capture/run.sh [--tshark] CAPTURE.pcap
#
# Each program reads the capture three times, in turns, so that what else the machine does meets all
# of them; the median processor time (user and system) counts, and is printed as a ratio to
# ndpiReader's. "libpcap floor" reads and does nothing. A program that is not here has no figures;
# --tshark adds its server names (once: minutes, gigabytes). Suricata runs without rules and logs
# everything. Figures, never a pass or a fail: machines differ. merge.py makes a capture to measure.
set -eu

tshark=
[ "${1:-}" != --tshark ] || {
	tshark=yes
	shift
}
[ $# -eq 1 ] && [ -f "$1" ] || {
	echo 'usage: sh tests/bench/capture/run.sh [--tshark] CAPTURE.pcap' >&2
	exit 2
}
capture=$(realpath "$1")
cd "$(dirname "$0")/../../.."
. tests/bench/build.sh
build_release exeat tests/bench/floor
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# row NAME COMMAND...: one line of figures, or of none when the command is not here.
row()
{
	if command -v "$2" >/dev/null; then
		python3 tests/bench/measure.py "$@"
	else
		echo "$1"
	fi
}

exeat()
{
	name=$1
	shift
	row "$name" build-bench/exeat inspect "$capture" --quiet "$@"
}

measure_once()
{
	row 'libpcap floor' build-bench/tests/bench/floor "$capture"
	row 'tcpdump to nowhere' tcpdump -r "$capture" -w /dev/null
	row 'ndpiReader -q' ndpiReader -q -i "$capture"
	mkdir "$work/suricata"
	row 'Suricata, no rules' suricata -r "$capture" --runmode single -k none -S /dev/null \
		-l "$work/suricata"
	rm -r "$work/suricata"
	exeat 'exeat, no content, one worker' --workers 1 --no-content
	exeat 'exeat, one worker' --workers 1
	exeat 'exeat, two workers' --workers 2
	exeat 'exeat, one worker, --out' --workers 1 --out "$work/out"
	rm -rf "$work/out"
}

for _ in 1 2 3; do
	measure_once >>"$work/figures"
done
[ -z "$tshark" ] || row 'tshark, server names' tshark -n -r "$capture" \
	-Y tls.handshake.type==1 -T fields -e tls.handshake.extensions_server_name \
	>>"$work/figures"

build-bench/tests/bench/floor "$capture"
sort -s -t "$(printf '\t')" -k 2,2n "$work/figures" | awk -F '\t' '
	NR == FNR { if (!($1 in place)) { place[$1] = ++rows; name[rows] = $1 }; next }
	NF == 1 { next }
	{ n = ++count[$1]; cpu[$1, n] = $2; wall[$1, n] = $3 }
	$4 > mib[$1] { mib[$1] = $4 }
	# Lines come sorted by processor time: the middle one of a program is its median.
	function median(of, all) { return all[of, int((count[of] + 1) / 2)] }
	END {
		base = median("ndpiReader -q", cpu)
		printf "%-30s %8s %8s %14s %9s\n", "program", "CPU s", "wall s",
			"to ndpiReader", "peak MiB"
		for (i = 1; i <= rows; i++) {
			of = name[i]
			if (!count[of])
				printf "%-30s %8s\n", of, "not here"
			else
				printf "%-30s %8.2f %8.2f %14s %9d\n", of, median(of, cpu),
					median(of, wall),
					base ? sprintf("%.2f", median(of, cpu) / base) : "-", mib[of]
		}
		two = median("exeat, two workers", wall)
		printf "\ntwo workers: %.2f times as fast as one by the clock\n",
			median("exeat, one worker", wall) / (two ? two : 1)
	}' "$work/figures" -
