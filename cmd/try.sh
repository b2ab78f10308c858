#!/bin/sh
# try.sh: from a Debian 12 or 13 base system to a first report, in one command.
#
#     sh cmd/try.sh
#
# Installs what is missing, builds exeat into build/, and inspects the capture of one
# day in a made-up clinic. Nothing is installed outside of Debian's packages; running it
# again is harmless and quick.
set -eu

cd "$(dirname "$0")/.."
. cmd/packages.sh

build()
{
	if [ ! -f build/build.ninja ]; then
		said=$(meson setup build --buildtype=release -Db_lto=true -Dtests=false 2>&1) || {
			echo "$said" >&2
			die 'the build could not be configured; the reason is above'
		}
	fi
	ninja -C build --quiet exeat || die 'exeat did not build; the reason is above'
}

# exeat answers 1 when somebody should look at what it found: here, that is a success.
inspect()
{
	result=0
	build/exeat inspect fixtures/clinic-day/in.pcapng --register fixtures/clinic-day/register \
		--geo build/clinic-day-geo --out build/clinic-day || result=$?
	case $result in
	0) ;;
	1) echo "exeat ended with exit code 1: there are flags that somebody should look at." ;;
	*) die "exeat inspect failed with exit code $result" ;;
	esac
}

# shellcheck disable=SC2046 # a list of words
install_packages $(build_packages)
echo 'Building exeat into build/'
build
echo 'Making the country database of the fixture into build/clinic-day-geo/'
build/exeat geo build --from fixtures/geo.csv --out build/clinic-day-geo ||
	die 'the country database could not be made'
echo 'Inspecting fixtures/clinic-day/in.pcapng'
echo
inspect
echo
echo "The report is build/clinic-day/report.html; beside it are summary.csv and flags.csv."
