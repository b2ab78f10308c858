# packages.sh: installs the Debian packages exeat needs; read by try.sh and tests/run.sh.
#
# Sourced, not run. Sets nothing outside but the functions and lists below.
# Works on Debian 12 and 13, as root or with sudo, and says what it installs.

# What building the program needs. libhs is Hyperscan on amd64; elsewhere its fork
# Vectorscan gives the same interface.
build_packages()
{
	echo gcc libc6-dev meson ninja-build pkgconf
	echo libpcap-dev libndpi-dev libssl-dev libmaxminddb-dev libpsl-dev libcsv-dev libhtp-dev
	echo libnghttp2-dev zlib1g-dev libbrotli-dev libzstd-dev libarchive-dev libexpat1-dev
	echo libyajl-dev libqpdf-dev libsqlite3-dev libseccomp-dev libcap-ng-dev
	case $(dpkg --print-architecture) in
	amd64) echo libhyperscan-dev ;;
	*) echo libvectorscan-dev ;;
	esac
}

die()
{
	echo "$(basename "$0"): $*" >&2
	exit 2
}

as_root()
{
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	else
		sudo "$@"
	fi
}

missing_packages()
{
	for package in "$@"; do
		status=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null) || status=
		[ "$status" = installed ] || echo "$package"
	done
}

# True when apt's lists name a version for every package given.
have_candidates()
{
	for package in "$@"; do
		LC_ALL=C apt-cache policy "$package" 2>/dev/null |
			grep -q '^  Candidate: [^(]' || return 1
	done
}

# Packages bring servers whose scripts start them at once. A policy-rc.d that
# answers 101 forbids that while we install; one that exists is left in force.
forbid_services()
{
	[ -e /usr/sbin/policy-rc.d ] && return
	printf '#!/bin/sh\nexit 101\n' | as_root tee /usr/sbin/policy-rc.d >/dev/null
	as_root chmod 755 /usr/sbin/policy-rc.d
	services_forbidden=yes
}

allow_services()
{
	[ "${services_forbidden:-no}" = yes ] || return 0
	services_forbidden=no
	as_root rm -f /usr/sbin/policy-rc.d
}

apt_get()
{
	as_root env DEBIAN_FRONTEND=noninteractive LC_ALL=C apt-get -q -y \
		-o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@"
}

# Tries with the lists at hand first: an update costs time and a network.
apt_install()
{
	if have_candidates "$@"; then
		apt_get install --no-install-recommends "$@" && return
	fi
	echo 'apt-get update'
	apt_get update && apt_get install --no-install-recommends "$@"
}

# One sentence out of apt-get's many: the network first, because the rest follows from it.
why_not()
{
	if reason=$(grep -m 1 -E 'resolv|Could not connect|Unable to connect|timed out|404 ' \
		"$install_log"); then
		echo "those packages cannot be downloaded: is this computer online, and do its apt \
sources work? apt-get says: $reason"
	else
		reason=$(grep -m 1 '^E:' "$install_log" || tail -n 1 "$install_log")
		echo "those packages cannot be installed; apt-get says: $reason"
	fi
}

install_packages()
{
	missing=$(missing_packages "$@" | tr '\n' ' ')
	if [ -z "$missing" ]; then
		echo 'Packages: everything needed is installed.'
		return
	fi
	command -v apt-get >/dev/null ||
		die "this system has no apt-get; install what Debian calls: $missing"
	[ "$(id -u)" -eq 0 ] || command -v sudo >/dev/null ||
		die "cannot install packages: run this as root, or install sudo. Missing: $missing"

	echo "Packages: installing $missing"
	install_log=$(mktemp)
	trap 'allow_services; rm -f "$install_log"' EXIT
	trap 'exit 130' INT TERM HUP
	forbid_services
	# shellcheck disable=SC2086 # a list of words
	if ! apt_install $missing >"$install_log" 2>&1; then
		die "$(why_not)"
	fi
	allow_services
	rm -f "$install_log"
	trap - EXIT INT TERM HUP
}
