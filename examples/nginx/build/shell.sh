# busybox, statically linked, with a link for each command that the web package uses.
. "$builders/common.sh"
mkdir -p "$out/bin"
cp "$files/busybox/bin/busybox" "$out/bin/busybox"
for command in sh sed id; do ln -s busybox "$out/bin/$command"; done
