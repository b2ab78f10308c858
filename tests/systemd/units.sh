#!/bin/sh
# units.sh UNIT...: the units can be read by systemd, and leave little open.
#
# Exposure is systemd's own measure, from 0 (nothing) to 10 (all that root may); 2.0 is our maximum.
set -eu
exposure_max=20 # tenths
command -v systemd-analyze >/dev/null || {
	echo 'SKIP: there is no systemd-analyze here'
	exit 77
}
systemd-analyze security --help | grep -q -- --offline || {
	echo 'SKIP: this systemd-analyze cannot judge a file (systemd 250 and later can)'
	exit 77
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
fail()
{
	echo "FAILED: $1"
	failed=1
}

for unit; do
	name=$(basename "$unit")
	# What it starts need not be installed where the tests run.
	sed 's,^ExecStart=.*/exeat capture,ExecStart=/bin/true capture,' "$unit" >"$work/$name"
done
for unit; do
	name=$(basename "$unit")
	file=$work/$name
	case $name in
	*@.service) # of an interface
		cp "$file" "$work/${name%.service}eth0.service"
		verified=$work/${name%.service}eth0.service
		;;
	*) verified=$file ;;
	esac
	systemd-analyze verify --man=no "$verified" >"$work/said" 2>&1 || fail "$name: cannot be read"
	# Other units of this computer have faults of their own.
	! grep -F exeat "$work/said" || fail "$name: systemd complains"
	case $name in
	*.timer) continue ;;
	esac
	systemd-analyze security --offline=yes --no-pager --threshold=$exposure_max "$file" \
		>"$work/exposure" 2>"$work/said" || fail "$name: too much is left open"
	grep -o 'Overall exposure.*' "$work/exposure"
	! grep -F exeat "$work/said" || fail "$name: a line is not understood"
done
exit $failed
