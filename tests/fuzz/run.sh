#!/bin/sh
# run.sh: every fuzz target with libFuzzer, for some minutes each.
#
#     sh tests/fuzz/run.sh [--minutes N] [--keep] [TARGET...]
#
# Without a target: all of them, 5 minutes each, two at a time. What is learned stays in
# build-fuzz/corpus/TARGET/ and is where the next run starts. With --keep, the minutes are
# added to tests/fuzz/ledger.csv. An input that breaks a target is kept in
# build-fuzz/crash/; when the fault is mended, it belongs into fixtures/corpus/TARGET/.
# Closing line: N passed, N failed.
set -eu

cd "$(dirname "$0")/../.."
. cmd/packages.sh

build="build-fuzz"
minutes=5 keep=no

all_targets()
{
	for path in "$build"/tests/fuzz/fuzz_*; do
		[ -f "$path" ] && [ -x "$path" ] && basename "$path" | sed 's/^fuzz_//'
	done
}

# The compiler-rt package carries clang's version in its name.
install()
{
	# shellcheck disable=SC2046 # a list of words
	install_packages $(build_packages) libcmocka-dev clang
	install_packages "libclang-rt-$(clang -dumpversion | cut -d. -f1)-dev"
}

configure()
{
	if [ ! -f "$build/build.ninja" ]; then
		said=$(CC=clang meson setup "$build" -Dfuzz_engine=true -Db_lundef=false \
			-Db_sanitize=address,undefined -Dbuildtype=debugoptimized \
			-Dc_args=-fsanitize=fuzzer-no-link 2>&1) || {
			echo "$said"
			die "$build could not be configured"
		}
	fi
	ninja -C "$build" --quiet
}

fuzz()
{
	mkdir -p "$build/corpus/$1" "$build/crash"
	set -- "$1" "$build/tests/fuzz/fuzz_$1" -max_total_time=$((minutes * 60)) -timeout=10 \
		-rss_limit_mb=2048 -print_final_stats=1 -artifact_prefix="$build/crash/$1-" \
		"$build/corpus/$1" "fixtures/corpus/$1"
	name=$1
	shift
	"$@" >"$build/$name.log" 2>&1
}

report()
{
	if [ "$2" -eq 0 ]; then
		passed=$((passed + 1)) found=0
		echo "pass: $1: $(sed -n 's/^stat::number_of_executed_units: *//p' \
			"$build/$1.log") inputs in $minutes minutes"
	else
		failed=$((failed + 1)) found=1
		echo "FAILED: $1: see $build/$1.log"
		grep -m 3 -E 'ERROR:|runtime error:|SUMMARY:' "$build/$1.log" | sed 's/^/    /' || true
	fi
	[ "$keep" = no ] ||
		echo "$(date -u +%Y-%m-%d),$1,$minutes,libFuzzer,$found" >>tests/fuzz/ledger.csv
}

# Two targets at a time.
fuzz_all()
{
	while [ $# -gt 0 ]; do
		fuzz "$1" &
		first=$!
		second=
		[ $# -lt 2 ] || {
			fuzz "$2" &
			second=$!
		}
		result=0
		wait "$first" || result=$?
		report "$1" "$result"
		shift
		[ -n "$second" ] || continue
		result=0
		wait "$second" || result=$?
		report "$1" "$result"
		shift
	done
}

while [ $# -gt 0 ]; do
	case $1 in
	--minutes) minutes=$2 && shift ;;
	--keep) keep=yes ;;
	-*) die 'usage: sh tests/fuzz/run.sh [--minutes N] [--keep] [TARGET...]' ;;
	*) break ;;
	esac
	shift
done

case $minutes in
'' | *[!0-9]* | 0*) die '--minutes takes a whole number, 1 or more' ;;
esac
passed=0 failed=0
install
configure
# shellcheck disable=SC2046 # a list of words
[ $# -gt 0 ] || set -- $(all_targets)
fuzz_all "$@"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
