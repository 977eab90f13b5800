# A Debian forky root with a current Nix, composefs and erofs-utils, and wrappers to use its tools on the host. Sourced by setup.sh.

forky_packages=(
  nix-bin composefs erofs-utils util-linux mount ca-certificates kmod procps rsync strace iproute2 patchelf e2fsprogs
)
forky_recipe=1
forky_key=$(printf '%s\n' "$forky_recipe" "${forky_packages[@]}" | short_hash)
forky_root=$cache/forky-$forky_key
wrapped_tools=(mount.composefs composefs-info fsck.erofs)
forky_tools=$cache/tools-$(printf '%s\n' "$forky_key" "${wrapped_tools[@]}" | short_hash)/bin

setup_forky() {
  setup_debian_root 'Debian forky root (Nix, composefs, erofs-utils)' \
    'tests on a current Nix and on composefs, and the demo, need it' "$forky_root" 'nix --version' "${forky_packages[@]}"
}

write_wrapper() {
  local name=$1 binary loader
  binary=$(PATH=$forky_root/usr/bin:$forky_root/usr/sbin type -P "$name")
  loader=$forky_root$(patchelf --print-interpreter "$binary")
  printf '#!/bin/sh\nexec %s --library-path %s %s "$@"\n' \
    "$loader" "$(ls -d "$forky_root"/usr/lib/*-linux-gnu)" "$binary" >"$2/$name"
  chmod 0755 "$2/$name"
}

# composefs and erofs tools from the forky root, run on the host by the loader and libraries they came with.
setup_forky_tools() {
  if [ -d "$forky_tools" ] || [ ! -d "$forky_root" ]; then return 0; fi
  local part=$forky_tools.part name
  rm -rf "$part" && mkdir -p "$part"
  for name in "${wrapped_tools[@]}"; do write_wrapper "$name" "$part"; done
  publish "$part" "$forky_tools"
}
