#!/bin/sh
# check_layers.sh: no folder includes what tests/layers.txt does not grant it.
#
#     sh tests/check_layers.sh [TREE]        checks lib/ and cmd/ of TREE (default: this one)
#     sh tests/check_layers.sh --self-test   proves that planted violations are found
set -eu

tests=$(cd "$(dirname "$0")" && pwd)

# Prints one line for each include that is not allowed.
violations()
{
	find lib cmd -name '*.[ch]' | LC_ALL=C sort |
		xargs awk -v table="$tests/layers.txt" -f "$tests/check_layers.awk"
}

check_tree()
{
	cd "$1"
	found=$(violations)
	[ -z "$found" ] && return
	echo "$found"
	return 1
}

plant()
{
	mkdir -p "$(dirname "$1")"
	printf '%s\n' "$2" >"$1"
}

# expect FILE INCLUDE MESSAGE: a tree with this one file must be refused with MESSAGE.
expect()
{
	rm -rf "${scratch:?}/lib" "${scratch:?}/cmd"
	mkdir -p "$scratch/lib" "$scratch/cmd"
	plant "$scratch/cmd/main.c" '#include "pipeline/pipeline.h"'
	plant "$scratch/$1" "$2"
	if said=$(check_tree "$scratch"); then
		echo "not found: $1: $2"
		exit 1
	fi
	case $said in
	*"$3"*) ;;
	*)
		echo "wrong complaint for $1: $said"
		exit 1
		;;
	esac
}

self_test()
{
	scratch=$(mktemp -d)
	trap 'rm -rf "$scratch"' EXIT
	mkdir -p "$scratch/lib/flow" "$scratch/cmd"
	plant "$scratch/lib/flow/flow.c" '#include "net/packet.h"'
	plant "$scratch/cmd/main.c" '#include "report/report.h"'
	check_tree "$scratch" || exit 1

	expect lib/net/packet.c '#include "flow/flow.h"' 'net may not include flow'
	expect lib/base/log.c '  #  include  "net/addr.h"' 'base may not include net'
	expect lib/flow/flow.c '#include "../decode/decode.h"' 'a path out of the folder'
	expect lib/pipeline/pipeline.c '#include "report/report.h"' 'pipeline may not include report'
	expect lib/flow/flow.c '#include <sqlite3.h>' 'belongs to store'
	expect lib/flow/flow.c '#include <bpf/libbpf.h>' 'belongs to program'
	expect lib/flow/flow.c '#include <jansson.h>' 'stands in no row'
	expect lib/extra/extra.c '#include <stdio.h>' 'is no layer'
	echo 'every planted violation was found'
}

case ${1:-} in
--self-test) self_test ;;
*) check_tree "${1:-$tests/..}" ;;
esac
