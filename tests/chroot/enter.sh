#!/bin/sh
# enter.sh ROOT PERSON COMMAND: runs COMMAND in a base system, in PERSON's clone of exeat.
# Called by run.sh in mount and process namespaces of its own, so what it mounts goes
# when it ends.
set -eu

root=$1 person=$2 command=$3

# The base system must be a mount point for network namespaces to be made inside.
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount --rbind /sys "$root/sys"
mount --rbind /dev "$root/dev"
mount -t tmpfs tmpfs "$root/run"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"

path=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
set -- env -i "PATH=$path" "http_proxy=${http_proxy:-}" "https_proxy=${https_proxy:-}"
if [ "$person" = root ]; then
	exec chroot "$root" "$@" HOME=/root sh -c "cd /root; [ ! -d exeat ] || cd exeat; $command"
fi
exec chroot --userspec="$person" --groups="$person" "$root" "$@" "HOME=/home/$person" \
	"USER=$person" sh -c "cd ~/exeat; $command"
