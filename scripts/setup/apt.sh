# What comes from the machine's own Debian mirror: tools on the host. Sourced by setup.sh.

# command:package, checked by command so that other ways to install it count too.
host_tools=(
  nix:nix-bin debootstrap:debootstrap rsync:rsync strace:strace ip:iproute2 iptables:iptables unshare:util-linux flock:util-linux
  mount:mount losetup:mount patchelf:patchelf mkfs.ext4:e2fsprogs modprobe:kmod openssl:openssl
)

missing_host_packages() {
  local entry
  for entry in "${host_tools[@]}"; do
    command -v "${entry%%:*}" >/dev/null || printf '%s\n' "${entry#*:}"
  done | sort -u
  [ -e /etc/ssl/certs/ca-certificates.crt ] || printf 'ca-certificates\n'
}

apt_get() { DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 "$@"; }

apt_install() {
  apt_get install -y --no-install-recommends "$@" || { apt_get update && apt_get install -y --no-install-recommends "$@"; }
}

indexed_mirror() {
  local codename
  codename=$(. /etc/os-release && printf '%s' "${VERSION_CODENAME:-}")
  apt-get indextargets --format '$(REPO_URI) $(CODENAME) $(COMPONENT) $(CREATED_BY)' |
    awk -v codename="$codename" '$2 == codename && $3 == "main" && $4 == "Packages" && !seen++ { print $1 }'
}

# The Debian mirror that this machine uses itself, as an http(s) URL.
debian_mirror() {
  local uri
  uri=$(indexed_mirror)
  [ -n "$uri" ] || { apt_get update >&2 && uri=$(indexed_mirror); }
  case $uri in
    mirror+file:*) awk '$1 ~ /^http/ { print $1; exit }' "${uri#mirror+file:}" ;;
    http://* | https://*) printf '%s\n' "$uri" ;;
    *) say "the machine's Debian sources name no http(s) mirror (found: ${uri:-none})"; return 1 ;;
  esac
}

# apt's proxy, for tools that read only the environment.
export_apt_proxy() {
  local proxy=''
  eval "$(apt-config shell proxy Acquire::http::Proxy)"
  if [ -n "$proxy" ] && [ "$proxy" != DIRECT ]; then export http_proxy=${http_proxy:-$proxy} https_proxy=${https_proxy:-$proxy}; fi
}

setup_host_tools() {
  local packages
  mapfile -t packages < <(missing_host_packages)
  [ "${#packages[@]}" -gt 0 ] || return 0
  if ! is_root || ! is_debian || ! timed "Debian packages: ${packages[*]}" apt_install "${packages[@]}"; then
    lacks "${packages[*]}" 'tests, demo, benchmarks and clusters need them' "apt-get install -y --no-install-recommends ${packages[*]} (as root, on Debian)"
  fi
}
