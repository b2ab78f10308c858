#!/bin/sh
# compare_counts.sh: our frame counts beside those of the Wireshark and tcpdump tools, over a folder
# of captures that the project did not write.
#
#     sh tests/source/compare_counts.sh BUILD FOLDER
#
# BUILD is a meson build folder (best one with -Db_sanitize=address,undefined), FOLDER any tree of
# captures, such as the test folders of nDPI, Zeek, suricata-verify and tcpdump. Each file is counted
# by us and by capinfos (plain and in gzip); where capinfos refuses a file, tcpdump's count before its
# own failure is taken. Prints each difference, then a summary. Exit code 0 no difference, 1 some,
# 77 skipped.
set -eu

[ $# -eq 2 ] || {
	echo 'usage: sh tests/source/compare_counts.sh BUILD FOLDER' >&2
	exit 2
}
count_frames=$1/tests/source/count_frames
folder=$2

skip()
{
	echo "SKIP: $1"
	exit 77
}

[ -d "$folder" ] || skip "there is no folder of captures at $folder"
[ -x "$count_frames" ] || skip "$count_frames is not built"
for tool in capinfos tcpdump; do
	command -v "$tool" >/dev/null || skip "$tool is not installed (wireshark-common, tcpdump)"
done

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

captures()
{
	find "$folder" -type f \( -name '*.pcap' -o -name '*.pcapng' -o -name '*.cap' -o \
		-name '*.trace' -o -name '*.pcap.gz' -o -name '*.pcapng.gz' \) | LC_ALL=C sort
}

# Frames that another reader gives; nothing when it gives none and fails.
theirs()
{
	counted=$(capinfos -r -c -M -T "$1" 2>/dev/null | cut -f2) || counted=
	if [ -z "$counted" ]; then
		counted=$(tcpdump -r "$1" -w - 2>/dev/null | capinfos -r -c -M -T - 2>/dev/null |
			cut -f2) || counted=
	fi
	# A link type that capinfos does not know.
	if [ -z "$counted" ]; then
		counted=$(tcpdump --count -r "$1" 2>/dev/null | cut -d' ' -f1) || counted=
	fi
	echo "$counted"
}

captures >"$scratch/list"
[ -s "$scratch/list" ] || skip "there are no captures below $folder"
tr '\n' '\0' <"$scratch/list" | xargs -0 "$count_frames" >"$scratch/ours"

files=0
different=0
while IFS='	' read -r ours end path; do
	files=$((files + 1))
	other=$(theirs "$path")
	[ "$ours" = "$other" ] && continue
	different=$((different + 1))
	echo "$path: $ours here ($end), ${other:-none} there"
done <"$scratch/ours"
echo "$files captures, $different counted differently"
[ "$different" -eq 0 ]
