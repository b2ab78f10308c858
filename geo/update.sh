#!/bin/sh
# update.sh: renews the country data from Debian's packages.
#
#     sh geo/update.sh [--offline] [DIR]
#
# Downloads tor-geoipdb and libloc-database with apt-get, unpacks them into DIR-packages and
# makes country.mmdb and asn.mmdb in DIR: build/geo unless given, where build/exeat looks for
# them. Nothing is installed: tor-geoipdb would bring Tor, and location a service that
# downloads every day.
# --offline works with what an earlier run has unpacked.
# Where the data comes from and what it may be used for: geo/SOURCE.md.
set -eu

cd "$(dirname "$0")/.."
. cmd/packages.sh

offline=no
if [ "${1:-}" = --offline ]; then
	offline=yes
	shift
fi
out=${1:-build/geo}
packages=$out-packages
exeat=${EXEAT:-build/exeat}

# The tool that prints libloc's database, and what it needs to run from a folder.
wanted='tor-geoipdb libloc-database location python3-location libloc1'

download()
{
	command -v apt-get >/dev/null || die 'this system has no apt-get to download packages with'
	mkdir -p "$packages/new"
	# shellcheck disable=SC2086 # a list of words
	(cd "$packages/new" && LC_ALL=C apt-get -q download $wanted) >"$packages/log" 2>&1 ||
		die "the packages cannot be downloaded; apt-get says: $(grep -m 1 '^E:' \
"$packages/log" || tail -n 1 "$packages/log")"
	rm -rf "$packages/unpacked"
	mkdir "$packages/unpacked"
	for file in "$packages"/new/*.deb; do
		dpkg-deb -x "$file" "$packages/unpacked" || die "$file cannot be unpacked"
	done
	rm -rf "$packages/new"
}

# The text of libloc's database. Its tool runs from the folder, with the library beside it.
dump()
{
	from=$packages/unpacked
	library=$(dirname "$(find "$from" -name 'libloc.so.1*' | head -n 1)")
	database=$(find "$from" -name location.db | head -n 1)
	[ -n "$database" ] || die 'the package libloc-database holds no location.db'
	LD_LIBRARY_PATH=$library PYTHONPATH=$from/usr/lib/python3/dist-packages \
		PYTHONDONTWRITEBYTECODE=1 \
		python3 "$from/usr/bin/location" --quiet --database "$database" \
		dump "$from/location.txt" ||
		die 'the location tool of the unpacked package could not print its database'
}

[ -x "$exeat" ] || die "$exeat is not built yet; run: sh cmd/try.sh"
mkdir -p "$packages"
if [ "$offline" = no ]; then
	download
	dump
fi
"$exeat" geo build --packages "$packages/unpacked" --out "$out" ||
	die 'the databases could not be made; the reason is above'
cp geo/overrides.csv "$out/overrides.csv"
echo "Country data: $out/country.mmdb and $out/asn.mmdb"
