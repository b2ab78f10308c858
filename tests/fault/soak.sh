#!/bin/sh
# soak.sh: a live capture for a long time, watched for what grows.
#
#     sh tests/fault/soak.sh [MINUTES]     30 without a number; needs root and a build in build/
#
# Sends the fixture clinic-day again and again over a wire between two network namespaces, with new
# ports each time, while a capture reports, saves and rotates. Every ten seconds memory,
# descriptors, threads and files of both its processes are read. The exit code is 0 when none of
# them grows, 77 where no namespaces can be made. The figures stand in build/soak.csv.
set -eu

cd "$(dirname "$0")/../.."
minutes=${1:-30}
case $minutes in
[3-9] | [1-9][0-9] | [1-9][0-9][0-9]) ;;
*)
	echo 'usage: sh tests/fault/soak.sh [MINUTES]    3 or more' >&2
	exit 2
	;;
esac
[ -x build/exeat ] || {
	echo "soak.sh: no build/exeat; meson setup build && ninja -C build" >&2
	exit 2
}
EXEAT="$(pwd)/build/exeat" EXEAT_SOURCE_ROOT="$(pwd)" PYTHONDONTWRITEBYTECODE=1 \
	PYTHONPATH="$(pwd)/tests/lab:$(pwd)/tests/fault" \
	exec python3 tests/fault/soak.py "$minutes"
