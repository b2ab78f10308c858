#!/bin/sh
# run.sh: every test, from a Debian 12 or 13 base system, in one command.
#
#     sh tests/run.sh          all that a change must pass; under 25 minutes on 2 cores
#     sh tests/run.sh full     and the slow ones, each of which is a command of its own:
#         sh tests/chroot/run.sh         both set-up commands in fresh Debian 12 and 13
#         sh tests/corpora/run.sh        captures that this project did not write
#         sh tests/fuzz/run.sh           every fuzz target for some minutes
#
# Installs what is missing. Tests of the suite `privileged` run as root (with sudo where
# this is not root), all others as the caller. The last line is the sum of every test;
# the exit code is 0 when none failed.
set -eu

cd "$(dirname "$0")/.."
. cmd/packages.sh

passed=0 failed=0 skipped=0
started=$(date +%s)
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1

test_packages()
{
	build_packages
	echo libcmocka-dev clang clang-format python3 iproute2 mmdb-bin sqlite3
}

step()
{
	now=$(date +%s)
	printf '\n== %s (%d min %02d s so far)\n' "$1" $(((now - started) / 60)) \
		$(((now - started) % 60))
}

# count NAME COMMAND...: one test that is a command; exit code 77 says skipped.
count()
{
	name=$1
	shift
	result=0
	"$@" || result=$?
	case $result in
	0) passed=$((passed + 1)) ;;
	77)
		skipped=$((skipped + 1))
		echo "skipped: $name"
		;;
	*)
		failed=$((failed + 1))
		echo "FAILED: $name: exit code $result"
		;;
	esac
}

# add_log LABEL FILE: adds the tests that meson recorded in FILE to the sum.
add_log()
{
	sum=$(python3 tests/sum_tests.py "$1" "$2") || die "cannot read $2"
	read -r ok bad left_out <<-EOF
		$sum
	EOF
	passed=$((passed + ok)) failed=$((failed + bad)) skipped=$((skipped + left_out))
}

# Address sanitizer in older compilers cannot place its shadow when the kernel
# randomises more than 28 bits of an address: prints what to put before a command.
steady()
{
	bits=$(cat /proc/sys/vm/mmap_rnd_bits 2>/dev/null || echo 0)
	if [ "$bits" -gt 28 ] && setarch -R true 2>/dev/null; then
		echo setarch -R
	fi
}

can_be_root()
{
	[ "$(id -u)" -eq 0 ] || { command -v sudo >/dev/null && sudo -v; }
}

# build DIR OPTION...: with warnings as errors, and all tests.
build()
{
	dir=$1
	shift
	if [ ! -f "$dir/build.ninja" ]; then
		said=$(meson setup "$dir" -Dwerror=true -Dtests=true "$@" 2>&1) || {
			echo "$said"
			return 1
		}
	fi
	ninja -C "$dir" --quiet
}

# run_suite DIR LABEL LOG COMMAND...: runs meson's tests and adds them to the sum.
run_suite()
{
	log=$1/meson-logs/$3.json label=$2
	shift 3
	rm -f "$log"
	"$@" || true
	if [ -f "$log" ]; then
		add_log "$label" "$log"
	fi
}

# test_build DIR OPTION...: a build that fails counts as one failed test, and its tests
# do not run.
test_build()
{
	dir=$1
	before=$failed
	count "build of $dir" build "$@"
	[ "$failed" -eq "$before" ] || return 0

	# shellcheck disable=SC2046 # a list of words
	set -- env "UBSAN_OPTIONS=$UBSAN_OPTIONS" $(steady) \
		meson test -C "$dir" --no-rebuild --print-errorlogs --timeout-multiplier 10
	run_suite "$dir" "$dir" testlog "$@" --no-suite privileged
	if can_be_root; then
		run_suite "$dir" "$dir as root" privileged \
			as_root "$@" --suite privileged --logbase privileged
		[ "$(id -u)" -eq 0 ] || as_root chown -R "$(id -u):$(id -g)" "$dir"
	else
		run_suite "$dir" "$dir" privileged "$@" --suite privileged --logbase privileged
	fi
}

case ${1:-} in
'' | full) ;;
*) die 'usage: sh tests/run.sh [full]' ;;
esac

# shellcheck disable=SC2046 # a list of words
install_packages $(test_packages)

step 'gcc, address and undefined-behaviour sanitizers'
test_build build-test -Db_sanitize=address,undefined -Dbuildtype=debugoptimized

step 'gcc, as released'
test_build build-plain -Dbuildtype=release

step 'clang, compiled only'
export CC=clang
count 'build of build-clang' build build-clang -Dbuildtype=debugoptimized
unset CC

if [ "${1:-}" = full ]; then
	step 'captures of other projects'
	count 'captures of other projects' sh tests/corpora/run.sh
	step 'fuzzing'
	count 'fuzzing' sh tests/fuzz/run.sh
	step 'fresh Debian 12 and 13'
	count 'fresh Debian 12 and 13' sh tests/chroot/run.sh
fi

step 'sum'
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
