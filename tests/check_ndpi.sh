#!/bin/sh
# check_ndpi.sh SOURCE_ROOT MESON...: a release of nDPI other than the one whose inside lib/classify
# knows is refused when the build is set up, with a sentence that says what to do.
set -eu
root=$1
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/pc"
for version in 4.0.0 4.8.0 5.0; do
	printf 'Name: libndpi\nDescription: none\nVersion: %s\nLibs:\nCflags:\n' "$version" \
		>"$work/pc/libndpi.pc"
	rm -rf "$work/build"
	if PKG_CONFIG_PATH=$work/pc "$@" setup -Dtests=false "$work/build" "$root" >"$work/log" 2>&1; then
		echo "nDPI $version is accepted"
		exit 1
	fi
	if ! grep -q "ERROR: .*nDPI $version.*4\.2.*-Dndpi=disabled" "$work/log"; then
		echo "of nDPI $version is said:"
		grep ERROR "$work/log" || tail -n 5 "$work/log"
		exit 1
	fi
done
