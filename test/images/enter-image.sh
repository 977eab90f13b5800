#!/bin/sh
# enter-image.sh ROOT COMMAND...: runs COMMAND as root in an image's files, in a mount namespace of the caller's and
# without a network. ROOT becomes the real root: a chroot could not make mounts private.
set -eu
root=$1
shift
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount --rbind /sys "$root/sys"
cd "$root"
pivot_root . mnt
umount --lazy /mnt
exec "$@"
