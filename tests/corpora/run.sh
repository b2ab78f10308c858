#!/bin/sh
# run.sh: exeat over captures that this project did not write.
#
#     sh tests/corpora/run.sh              the captures in Debian's sources of nDPI, tcpdump,
#                                          libpcap and Wireshark
#     sh tests/corpora/run.sh FOLDER...    every capture below these folders
#
# Each capture is inspected by the sanitized build (no report, the right exit code, 10 s)
# and by the release build (memory). The captures stay in build-corpora/; none belongs
# into this tree, because no collection states a licence for each. Closing line:
# N passed, N failed, N skipped.
set -eu

cd "$(dirname "$0")/../.."
. cmd/packages.sh

store=$PWD/build-corpora
sources='ndpi tcpdump libpcap wireshark'

# Debian's sources from where apt here gets its packages, with lists of their own.
# It runs as the caller: nothing outside of build-corpora/ is written.
apt_source()
{
	apt-get -q -o Dir::Etc::sourcelist="$store/sources.list" \
		-o Dir::Etc::sourceparts="$store/parts" \
		-o Dir::State::Lists="$store/lists" -o Dir::Cache="$store" \
		-o APT::Sandbox::User="$(id -un)" "$@"
}

fetch_sources()
{
	mkdir -p "$store/lists/partial" "$store/parts" "$store/archives" "$store/captures"
	repository=$(apt-get indextargets --format '$(REPO_URI) $(CODENAME)' \
		'Created-By: Packages' 'Origin: Debian' 'Label: Debian' 'Component: main' |
		sort | head -n 1)
	[ -n "$repository" ] || die 'apt here has no Debian repository; name folders of captures'
	echo "deb-src $repository main" >"$store/sources.list"
	apt_source update >"$store/apt.log" 2>&1 || return
	for source in $sources; do
		(cd "$store/archives" && apt_source --download-only --tar-only source "$source") \
			>>"$store/apt.log" 2>&1 || return
	done
}

unpack_captures()
{
	for archive in "$store"/archives/*.orig.tar.*; do
		tar -C "$store/captures" -xf "$archive" --wildcards --wildcards-match-slash \
			'*.pcap' '*.pcapng' '*.cap' '*.pcap.gz' '*.pcapng.gz' '*.ntar' '*.dmp' \
			2>/dev/null || true
	done
}

build()
{
	for build in "build-test -Db_sanitize=address,undefined" "build-plain -Dbuildtype=release"; do
		# shellcheck disable=SC2086 # a list of words
		[ -f "${build%% *}/build.ninja" ] ||
			meson setup $build >"$store/setup.log" || die "see $store/setup.log"
		ninja -C "${build%% *}" --quiet exeat
	done
}

mkdir -p "$store"
# shellcheck disable=SC2046 # a list of words
install_packages $(build_packages) libcmocka-dev python3 xz-utils
build
if [ $# -eq 0 ]; then
	if [ ! -d "$store/captures" ]; then
		echo "Fetching Debian's sources of $sources"
		fetch_sources || {
			echo "SKIP: Debian's sources could not be fetched; see $store/apt.log"
			rm -rf "$store/captures"
			exit 77
		}
		unpack_captures
	fi
	set -- "$store/captures"
fi
exec python3 tests/corpora/check.py build-test/exeat build-plain/exeat "$@"
