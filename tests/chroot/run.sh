#!/bin/sh
# run.sh: both set-up commands of the README, in fresh Debian 12 and 13 base systems.
#
#     sh tests/chroot/run.sh [--as root|user] [--only try|tests] [12] [13]
#
# Without arguments: both releases, once as root and once as an ordinary user with sudo.
# Each base system is made with debootstrap from the mirror that this computer's own apt
# uses (or from $EXEAT_MIRROR), kept as an archive in build-chroot/ for the next run, and
# unpacked anew every time. What is tried is a clean clone of the current commit. Needs
# root or sudo; mounts and processes end with the run, also when it is interrupted.
#
# Logs and timings: build-chroot/RELEASE-PERSON.log. Closing line: N passed, N failed.
set -eu

top=$(cd "$(dirname "$0")/../.." && pwd)
cd "$top"
if [ "$(id -u)" -ne 0 ]; then
	command -v sudo >/dev/null || {
		echo 'SKIP: a chroot needs root or sudo'
		exit 77
	}
	exec sudo sh tests/chroot/run.sh "$@"
fi
. cmd/packages.sh

store=$top/build-chroot
passed=0 failed=0

codename()
{
	case $1 in
	12) echo bookworm ;;
	13) echo trixie ;;
	*) die "Debian $1 is not one that exeat is tried on" ;;
	esac
}

# repository LABEL: the address from which apt here gets Debian's packages of that label.
repository()
{
	apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' \
		'Origin: Debian' "Label: $1" | sort -u | head -n 1
}

make_base()
{
	base=$store/base-$1.tar.gz
	[ -f "$base" ] && return
	echo "Making a Debian $1 base system"
	rm -rf --one-file-system "$store/base"
	debootstrap --variant=minbase --include=ca-certificates "$(codename "$1")" "$store/base" \
		"$mirror" >"$store/debootstrap-$1.log" 2>&1 ||
		die "debootstrap failed; see $store/debootstrap-$1.log"
	tar -C "$store/base" -czf "$base.part" .
	mv "$base.part" "$base"
	rm -rf --one-file-system "$store/base"
}

# What the base system needs from here to reach the network as this computer does.
connect()
{
	cp -L /etc/resolv.conf /etc/hosts "$root/etc/"
	echo "127.0.0.1 $(hostname)" >>"$root/etc/hosts"
	apt-config dump | grep -iE '^Acquire::(https?|Check-|Retries|ForceIPv)' \
		>"$root/etc/apt/apt.conf.d/80exeat-test" || true
	cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
	echo "deb $mirror $(codename "$1") main" >"$root/etc/apt/sources.list"
	echo "deb $mirror $(codename "$1")-updates main" >>"$root/etc/apt/sources.list"
	[ -z "$security" ] ||
		echo "deb $security $(codename "$1")-security main" >>"$root/etc/apt/sources.list"
}

# inside COMMAND: runs it in the clone, as $person, away from this computer's mounts,
# processes and settings.
inside()
{
	unshare --mount --pid --fork --kill-child sh tests/chroot/enter.sh "$root" "$person" "$1" \
		</dev/null >>"$log" 2>&1 &
	running=$!
	wait "$running"
}

# unshare heeds nothing milder, and its child goes with it.
interrupted()
{
	[ -z "$running" ] || kill -KILL "$running" 2>/dev/null || true
	exit 130
}

prepare()
{
	root=$store/$1-$person log=$store/$1-$person.log
	rm -rf --one-file-system "$root"
	mkdir -p "$root"
	: >"$log"
	tar -C "$root" -xzf "$store/base-$1.tar.gz"
	connect "$1"
	if [ "$person" = user ]; then
		clone=$root/home/user/exeat
		asked=$person person=root
		inside 'apt-get update && apt-get install -y --no-install-recommends sudo &&
			useradd -m -s /bin/sh user &&
			echo "user ALL=(ALL) NOPASSWD: ALL" >/etc/sudoers.d/user &&
			rm -rf /var/lib/apt/lists && mkdir /var/lib/apt/lists' ||
			die "the user could not be made; see $log"
		person=$asked
	else
		clone=$root/root/exeat
	fi
	git clone -q --no-hardlinks "file://$top" "$clone"
	[ "$person" != user ] || chown -R --reference="$root/home/user" "$clone"
}

# try RELEASE WHAT COMMAND: runs it inside, and reports result and time.
try()
{
	begun=$(date +%s)
	echo "+ $3" >>"$log"
	if inside "$3"; then
		word=pass passed=$((passed + 1))
	else
		word=FAIL failed=$((failed + 1))
	fi
	printf '%s: Debian %s as %s: %s (%d s)\n' "$word" "$1" "$person" "$2" \
		$(($(date +%s) - begun))
	[ "$word" = pass ] || tail -n 15 "$log" | sed 's/^/    /'
}

try_twice()
{
	try "$1" 'sh cmd/try.sh' 'sh cmd/try.sh'
	try "$1" 'sh cmd/try.sh, again, with the same outputs' '
		cp -r build/clinic-day /tmp/first && sh cmd/try.sh >/tmp/second.txt &&
		cat /tmp/second.txt && grep -q "everything needed is installed" /tmp/second.txt &&
		diff -r -x run.json -x "exeat.db*" /tmp/first build/clinic-day'
}

run_release()
{
	prepare "$1"
	[ "$only" = tests ] || try_twice "$1"
	[ "$only" = try ] || {
		try "$1" 'sh tests/run.sh' 'sh tests/run.sh'
		grep -E '^[0-9]+ passed, [0-9]+ failed' "$log" | tail -n 1 | sed 's/^/    /'
	}
	rm -rf --one-file-system "$root"
}

people='root user' only='' releases=''
while [ $# -gt 0 ]; do
	case $1 in
	--as) people=$2 && shift ;;
	--only) only=$2 && shift ;;
	12 | 13) releases="$releases $1" ;;
	*) die 'usage: sh tests/chroot/run.sh [--as root|user] [--only try|tests] [12] [13]' ;;
	esac
	shift
done

install_packages debootstrap git
mkdir -p "$store"
running=''
trap interrupted INT TERM HUP
mirror=${EXEAT_MIRROR:-$(repository Debian)}
security=$(repository Debian-Security)
[ -n "$mirror" ] || die "apt here has no Debian repository; name one in EXEAT_MIRROR"
for release in ${releases:-12 13}; do
	make_base "$release"
	for person in $people; do
		run_release "$release"
	done
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
