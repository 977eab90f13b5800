#!/bin/sh
# collect.sh ROOT PACKAGE...: copies what installed Debian packages need to run, and their licences, to an empty ROOT.
# Scanners can still read what is there: /var/lib/dpkg/status.d has a file for each package, as in distroless images.
set -eu
root=$1
shift

# Programs, documentation and character set tables stay behind.
needed() { grep -Ev '^/etc/(motd|issue|profile|update-motd|init)|^/usr/(bin|sbin)/|^/usr/share/(base-files|bug|doc|gcc|gdb|info|lintian|locale|man)/|/gconv/|/audit/'; }

# Debian's directories of old are links into /usr.
merge_usr() {
  for link in lib lib64; do
    if [ -L "/$link" ]; then
      mkdir -p "$root/usr/$link"
      cp -P "/$link" "$root/$link"
    fi
  done
}

copy_files() {
  dpkg-query --listfiles "$1" | needed | while read -r path; do
    if [ -L "$path" ] || [ -f "$path" ]; then cp -a --parents "$path" "$root"; fi
  done
}

# The directory of the documentation may be a link to another package's.
copy_licence() {
  mkdir -p "$root/usr/share/doc/$1"
  cp "/usr/share/doc/$1/copyright" "$root/usr/share/doc/$1/copyright"
}

mkdir -p "$root/var/lib/dpkg/status.d"
merge_usr
for package in "$@"; do
  copy_files "$package"
  copy_licence "$package"
  dpkg-query --status "$package" >"$root/var/lib/dpkg/status.d/$package"
done
