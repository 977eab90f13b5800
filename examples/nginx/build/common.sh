# Sourced by each build: busybox's commands on PATH, patchelf as a function, nothing else from outside.
set -eu
busybox=$files/busybox/bin/busybox
commands=${TMPDIR:-/build}/commands
"$busybox" mkdir -p "$commands"
"$busybox" --install -s "$commands"
PATH=$commands

loader_in() { ls "$1"/lib/ld-linux-*.so.*; }

# Debian's patchelf, by the loader and libraries that it came with.
patchelf() {
  "$(loader_in "$files/glibc")" --library-path "$files/glibc/lib:$files/gcc/lib" "$files/patchelf/bin/patchelf" "$@"
}

# /a /b -> /a/lib:/b/lib
library_path() {
  joined=
  for dependency in "$@"; do joined=$joined${joined:+:}$dependency/lib; done
  echo "$joined"
}
