#!/bin/sh
# run.sh: what inspecting costs, beside others, in one run on one machine.
#
#     sh tests/bench/run.sh CAPTURE.pcap
#
# Each program reads the capture three times; the median CPU time (user and system) counts, and is
# printed as a ratio to ndpiReader's; so is how much faster two workers are by the clock. A figure,
# never a pass or a fail: machines differ. ndpiReader is Debian's libndpi-bin; without it the ratio
# is to reading alone (tcpdump to nowhere).
set -eu

[ $# -eq 1 ] && [ -f "$1" ] || {
	echo 'usage: sh tests/bench/run.sh CAPTURE.pcap' >&2
	exit 2
}
capture=$(realpath "$1")
cd "$(dirname "$0")/../.."
[ -x build/exeat ] || {
	echo 'build first: sh cmd/try.sh' >&2
	exit 2
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# measure NAME COMMAND...: NAME, median CPU seconds, median wall seconds, largest memory in MiB
measure()
{
	python3 - "$@" <<-'PY'
		import os, resource, subprocess, sys, time
		name, command = sys.argv[1], sys.argv[2:]
		runs = []
		for _ in range(3):
		    start = time.monotonic()
		    with open(os.devnull, "w") as nowhere:
		        child = subprocess.Popen(command, stdout=nowhere, stderr=nowhere)
		        _, status, used = os.wait4(child.pid, 0)
		    wall = time.monotonic() - start
		    code = os.waitstatus_to_exitcode(status)
		    if code not in (0, 1):
		        sys.exit(f"{name}: exit code {code}")
		    runs.append((used.ru_utime + used.ru_stime, wall, used.ru_maxrss / 1024))
		runs.sort()
		print(f"{name} {runs[1][0]:.2f} {runs[1][1]:.2f} {max(r[2] for r in runs):.0f}")
	PY
}

{
	if command -v tcpdump >/dev/null; then
		measure tcpdump-to-nowhere tcpdump -r "$capture" -w /dev/null
	fi
	if command -v ndpiReader >/dev/null; then
		measure ndpiReader ndpiReader -q -i "$capture"
	fi
	measure exeat-one-worker build/exeat inspect "$capture" --quiet --workers 1
	measure exeat-two-workers build/exeat inspect "$capture" --quiet --workers 2
	measure exeat-one-worker-reporting build/exeat inspect "$capture" --quiet --workers 1 \
		--out "$work/out"
} >"$work/figures"

awk '
	{ cpu[$1] = $2; wall[$1] = $3; mib[$1] = $4; name[NR] = $1 }
	END {
		base = ("ndpiReader" in cpu) ? "ndpiReader" : name[1]
		printf "%-26s %8s %8s %8s   %s\n", "program", "CPU s", "wall s", "MiB", "CPU to " base
		for (i = 1; i <= NR; i++)
			printf "%-26s %8.2f %8.2f %8d   %.2f\n", name[i], cpu[name[i]],
				wall[name[i]], mib[name[i]], cpu[name[i]] / (cpu[base] ? cpu[base] : 0.01)
		printf "\ntwo workers: %.2f times as fast as one\n",
			wall["exeat-one-worker"] / wall["exeat-two-workers"]
	}' "$work/figures"
