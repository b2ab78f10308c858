# build.sh: the build that is measured, as cmd/try.sh makes it; read by the scripts of tests/bench.
#
# Sourced, not run, at the top of the tree.

die()
{
	echo "$(basename "$0"): $*" >&2
	exit 2
}

# build_release TARGET...: into build-bench/
build_release()
{
	[ -f build-bench/build.ninja ] ||
		meson setup build-bench --buildtype=release -Db_lto=true >/dev/null ||
		die 'the build could not be configured'
	ninja -C build-bench --quiet "$@" || die 'the build failed; the reason is above'
}
