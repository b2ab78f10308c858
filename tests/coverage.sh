#!/bin/sh
# coverage.sh: line coverage of lib/ by the quick tests, by folder and in all, in one command.
#
#     sh tests/coverage.sh [--keep]      about 15 minutes on 2 cores; --keep: measure on top of
#                                        what earlier runs have counted
#
# Builds with gcov into build-coverage/, runs all tests but the slow ones (as root also those that
# need it), prints a table, and leaves build-coverage/coverage.txt with each file's lines that no
# test reaches. The exit code says whether the whole reaches the goal. tests/coverage.c says how the
# sandboxed processes are counted.
set -eu

cd "$(dirname "$0")/.."
. cmd/packages.sh

build="build-coverage"
goal=85 # percent of the lines of lib/
# Hours of processor time for few lines that the others do not reach.
slow="bombs long_body many_flows lying_lengths days"
lock="$(pwd)/$build/scribes"

configure()
{
	[ ! -f "$build/build.ninja" ] || return 0
	mkdir -p "$build"
	object="$(pwd)/$build/coverage.o"
	gcc -O1 -fPIE -D_GNU_SOURCE -DCOVERAGE_LOCK="\"$lock\"" -c tests/coverage.c -o "$object"
	said=$(CC=gcc meson setup "$build" -Dbuildtype=debug -Db_coverage=true -Dtests=true \
		-Dc_args="-w -fprofile-update=atomic" \
		-Dc_link_args="$object --coverage -Wl,--wrap=__gcov_exit" 2>&1) || {
		echo "$said"
		die "$build could not be configured"
	}
}

# test_names: what is run, by meson's names.
test_names()
{
	meson test -C "$build" --list 2>/dev/null | sed -n 's/.* \/ //p' | while read -r name; do
		for one in $slow; do
			[ "$name" != "fault_$one" ] || continue 2
		done
		echo "$name"
	done
}

# by_folder: gcovr's rows to one a folder, and the sum.
by_folder()
{
	awk -F, -v goal="$goal" '
	NR == 1 {
		for (i = 1; i <= NF; i++)
			at[$i] = i
		next
	}
	{
		split($at["filename"], part, "/")
		lines[part[2]] += $at["line_total"]
		reached[part[2]] += $at["line_covered"]
		all += $at["line_total"]
		all_reached += $at["line_covered"]
	}
	END {
		for (folder in lines)
			printf "lib/%-12s %6d of %6d lines  %5.1f %%\n", folder, reached[folder],
				lines[folder], 100 * reached[folder] / lines[folder] | "sort"
		close("sort")
		printf "%-16s %6d of %6d lines  %5.1f %%\n", "lib", all_reached, all,
			100 * all_reached / all
		exit(100 * all_reached < goal * all)
	}' "$1"
}

keep=no
case ${1:-} in
'') ;;
--keep) keep=yes ;;
*) die 'usage: sh tests/coverage.sh [--keep]' ;;
esac

# shellcheck disable=SC2046 # a list of words
install_packages $(build_packages) libcmocka-dev python3 iproute2 mmdb-bin sqlite3 gcovr
configure
ninja -C "$build" --quiet
[ "$keep" = yes ] || find "$build" -name '*.gcda' -delete
test_names >"$build/names.txt"
set --
while IFS= read -r name; do
	set -- "$@" "$name"
done <"$build/names.txt"
meson test -C "$build" --no-rebuild --timeout-multiplier 10 "$@" >"$build/tests.txt" 2>&1 ||
	echo "some tests failed under measurement: see $build/tests.txt"
# The scribes write when the processes have ended, each with a share of the lock.
flock "$lock" true
gcovr --root . --filter 'lib/' --txt "$build/coverage.txt" --csv "$build/coverage.csv" "$build" \
	2>"$build/gcovr.txt" || die "gcovr failed: see $build/gcovr.txt"
by_folder "$build/coverage.csv"
