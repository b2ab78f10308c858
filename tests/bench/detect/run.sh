#!/bin/sh
# run.sh: how much of what is clinical exeat finds, and how often it is wrong, beside the published rules
# of others; on synthetic files that generate.py makes, as content and as conversations of a capture.
#
#   sh tests/bench/detect/run.sh [--seed N] [FOLDER]
#
# FOLDER (build-bench/detect): where the files go, 60 MB. Exit 1 when a promised number is missed.
set -eu
cd "$(dirname "$0")/../../.."
. tests/bench/build.sh

seed=20261122
if [ "${1:-}" = --seed ]; then
	seed=${2:?--seed needs a number}
	shift 2
fi
folder=${1:-build-bench/detect}
detect=tests/bench/detect
rules=rules/identifiers.csv

build_release exeat tests/bench/decide
rm -rf "$folder"
mkdir -p "$folder"
python3 "$detect/generate.py" --seed "$seed" "$folder/corpus"
python3 "$detect/flows.py" "$folder/corpus" --streams "$folder/streams" --capture "$folder/flows.pcap"

echo
echo 'As content: whole, in segments, byte by byte, cut at random'
build-bench/tests/bench/decide "$rules" "$folder/streams" >"$folder/whole"
build-bench/tests/bench/decide "$rules" "$folder/streams" 1460 >"$folder/segments"
build-bench/tests/bench/decide "$rules" "$folder/streams" 1 >"$folder/bytes"
build-bench/tests/bench/decide "$rules" "$folder/streams" random "$seed" >"$folder/cut"
for way in segments bytes cut; do
	cmp "$folder/whole" "$folder/$way" || die 'findings depend on how the bytes are cut'
done
status=0
python3 "$detect/score.py" "$folder/corpus" --decided "$folder/whole" --gate --misses 20 || status=1

echo
echo 'As conversations of a capture'
geo=
[ -d build/geo ] && geo='--geo build/geo'
# shellcheck disable=SC2086 # two words
build-bench/exeat inspect "$folder/flows.pcap" $geo --rules rules --out "$folder/out" >/dev/null ||
	[ $? -eq 1 ] || die 'inspect failed'
python3 "$detect/score.py" "$folder/corpus" --flows "$folder/out/flows.jsonl" --gate | tail -n 5 ||
	status=1
exit $status
