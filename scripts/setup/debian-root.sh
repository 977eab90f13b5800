# Roots of another Debian release, made by debootstrap. Sourced by setup.sh.

# debootstrap knows no virtual packages, so it makes only the base; the root's own apt does the rest.
# Bootstrap's script for sid serves every later release: Debian 12's debootstrap has none for forky.
bootstrap_root() {
  local target=$1 mirror=$2 check=$3
  shift 3
  DEBOOTSTRAP_DIR=/usr/share/debootstrap debootstrap --variant=minbase --include=ca-certificates \
    forky "$target" "$mirror" /usr/share/debootstrap/scripts/sid || { tail -n 20 "$target/debootstrap/debootstrap.log"; return 1; }
  mount -t proc proc "$target/proc"
  cp -L /etc/resolv.conf "$target/etc/resolv.conf"
  printf '#!/bin/sh\nexit 101\n' >"$target/usr/sbin/policy-rc.d"
  chmod +x "$target/usr/sbin/policy-rc.d"
  chroot "$target" /usr/bin/env DEBIAN_FRONTEND=noninteractive \
    apt-get -q -o APT::Sandbox::User=root install -y --no-install-recommends "$@"
  chroot "$target" $check
  chroot "$target" apt-get clean
  rm -rf "$target"/var/lib/apt/lists/* "$target"/usr/share/{man,locale,info}/* "$target/etc/resolv.conf"
  # Who passes the files on must pass their licences on.
  find "$target/usr/share/doc" -type f ! -name copyright -delete
  umount "$target/proc"
}

# build_debian_root DIRECTORY MIRROR CHECK PACKAGE...: DIRECTORY appears when it is finished and the command CHECK runs in it.
# In a mount namespace of its own: debootstrap's and our mounts end with it, whatever happens.
build_debian_root() {
  local root=$1 part=$1.part status=0
  shift
  rm -rf --one-file-system "$part"
  unshare --mount --propagation private bash -c "set -euo pipefail
    $(declare -f bootstrap_root)
    bootstrap_root \"\$@\"" bash "$part" "$@" || status=$?
  if [ "$status" -eq 0 ]; then publish "$part" "$root"; return; fi
  rm -rf --one-file-system "$part"
  return "$status"
}

debian_root_help='mend what is said above (it takes a package mirror that has forky, and 2 GB of disk), then run the same command again'

# setup_debian_root WHAT WHY DIRECTORY CHECK PACKAGE...: makes the root DIRECTORY unless it is there.
setup_debian_root() {
  local what=$1 why=$2 root=$3 mirror
  shift 3
  [ -d "$root" ] && return 0
  if ! is_root || ! is_debian; then
    lacks "$what" "$why" 'run the same command as root on Debian 12'
    return 0
  fi
  { mirror=$(debian_mirror) && export_apt_proxy && timed "$what" build_debian_root "$root" "$mirror" "$@"; } ||
    lacks "$what" "$why" "$debian_root_help"
}
