# A Debian forky root with a current Nix, composefs and erofs-utils, and wrappers to use its tools on the host. Sourced by setup.sh.

forky_packages=(
  nix-bin composefs erofs-utils util-linux mount ca-certificates kmod procps rsync strace iproute2 patchelf e2fsprogs
)
forky_recipe=1
forky_key=$(printf '%s\n' "$forky_recipe" "${forky_packages[@]}" | short_hash)
forky_root=$cache/forky-$forky_key
wrapped_tools=(mount.composefs composefs-info fsck.erofs)
forky_tools=$cache/tools-$(printf '%s\n' "$forky_key" "${wrapped_tools[@]}" | short_hash)/bin

# debootstrap knows no virtual packages, so it makes only the base; the root's own apt does the rest.
bootstrap_forky() {
  local target=$1 mirror=$2
  DEBOOTSTRAP_DIR=/usr/share/debootstrap debootstrap --variant=minbase --include=ca-certificates \
    forky "$target" "$mirror" /usr/share/debootstrap/scripts/sid || { tail -n 20 "$target/debootstrap/debootstrap.log"; return 1; }
  mount -t proc proc "$target/proc"
  cp -L /etc/resolv.conf "$target/etc/resolv.conf"
  printf '#!/bin/sh\nexit 101\n' >"$target/usr/sbin/policy-rc.d"
  chmod +x "$target/usr/sbin/policy-rc.d"
  chroot "$target" /usr/bin/env DEBIAN_FRONTEND=noninteractive \
    apt-get -q -o APT::Sandbox::User=root install -y --no-install-recommends "${forky_packages[@]}"
  chroot "$target" nix --version
  chroot "$target" apt-get clean
  rm -rf "$target"/var/lib/apt/lists/* "$target"/usr/share/{doc,man,locale,info}/* "$target/etc/resolv.conf"
  umount "$target/proc"
}

# Runs in a mount namespace of its own: debootstrap's and our mounts end with it, whatever happens.
build_forky() {
  local part=$forky_root.part status=0
  rm -rf --one-file-system "$part"
  unshare --mount --propagation private bash -c "set -euo pipefail
    $(declare -p forky_packages)
    $(declare -f bootstrap_forky)
    bootstrap_forky \"\$1\" \"\$2\"" bash "$part" "$1" || status=$?
  if [ "$status" -eq 0 ]; then mv "$part" "$forky_root"; else rm -rf --one-file-system "$part"; fi
  return "$status"
}

setup_forky() {
  [ -d "$forky_root" ] && return 0
  if ! is_root || ! is_debian; then
    lacks 'a Debian forky root' 'tests on a current Nix and on composefs, and the demo, need it' 'run npm run setup as root on Debian 12'
    return 0
  fi
  local mirror
  mirror=$(debian_mirror)
  export_apt_proxy
  timed 'Debian forky root (Nix, composefs, erofs-utils)' build_forky "$mirror" ||
    lacks 'a Debian forky root' 'tests on a current Nix and on composefs, and the demo, need it' 'make the package mirror reachable, then run npm run setup'
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
  mv "$part" "$forky_tools"
}
