#!/bin/sh
# live.sh: how fast a capture can come in before the first packet is lost, beside tcpdump and
# ndpiReader.
#
#     sh tests/bench/live.sh CAPTURE [SECONDS]
#
# tcpreplay sends the capture, again and again, for so many SECONDS (6) from one network namespace
# to another, at rates that double until one of the programs has missed a packet and are then
# halved in between. Prints for each program the highest rate without a loss and the first with one.
# A figure, never a pass or a fail: machines differ, and whatever else they do counts against all.
# Needs root, tcpreplay, and for the comparison tcpdump and ndpiReader (Debian's packages tcpreplay,
# tcpdump, libndpi-bin). Ends within ten minutes.
set -eu
cd "$(dirname "$0")/../.."
. tests/bench/build.sh
[ $# -ge 1 ] && [ -r "$1" ] || die 'usage: sh tests/bench/live.sh CAPTURE [SECONDS]'
[ "$(id -u)" -eq 0 ] || die 'network namespaces need root'
command -v tcpreplay >/dev/null || die 'tcpreplay is not here; it is in the package tcpreplay'
build_release exeat
EXEAT=build-bench/exeat EXEAT_SOURCE_ROOT=. PYTHONDONTWRITEBYTECODE=1 \
	PYTHONPATH=tests/lab:tests/fault exec python3 tests/bench/live.py "$@"
