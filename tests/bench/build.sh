# build.sh: the release build that is measured; read by the scripts of tests/bench.
#
# Sourced, not run, at the top of the tree.

die()
{
	echo "$(basename "$0"): $*" >&2
	exit 2
}

# build_release TARGET...: into build-plain/
build_release()
{
	[ -f build-plain/build.ninja ] ||
		meson setup build-plain --buildtype=release >/dev/null ||
		die 'the build could not be configured'
	ninja -C build-plain --quiet "$@" || die 'the build failed; the reason is above'
}
