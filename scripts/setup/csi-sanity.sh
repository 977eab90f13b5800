# csi-sanity, the conformance test of the CSI project, built from source. Sourced by setup.sh.

csi_sanity_version=v5.5.0
csi_sanity=$cache/csi-sanity-$csi_sanity_version/csi-sanity

# Go 1.21 is the first that fetches the toolchain which a module asks for.
go_is_enough() {
  local version
  version=$("$1" env GOVERSION 2>/dev/null) || return 1
  [ "$(printf 'go1.21\n%s\n' "$version" | sort -V | head -n 1)" = go1.21 ]
}

find_go() {
  local go
  for go in "$(command -v go || true)" /usr/lib/go/bin/go; do
    if [ -n "$go" ] && go_is_enough "$go"; then printf '%s\n' "$go"; return 0; fi
  done
  return 1
}

# Debian 12's own Go is too old; backports' is used for this one installation, without changing the machine's sources.
install_backports_go() {
  local mirror codename lists
  mirror=$(debian_mirror)
  codename=$(. /etc/os-release && printf '%s' "$VERSION_CODENAME")
  lists=$(mktemp -d)
  mkdir -p "$lists/state/partial"
  printf 'deb %s %s main\ndeb %s %s-backports main\n' "$mirror" "$codename" "$mirror" "$codename" >"$lists/sources.list"
  local options=(-o "Dir::Etc::sourcelist=$lists/sources.list" -o Dir::Etc::sourceparts=- -o "Dir::State::lists=$lists/state" -o APT::Sandbox::User=root)
  local status=0
  apt_get "${options[@]}" update &&
    apt_get "${options[@]}" install -y --no-install-recommends -t "$codename-backports" golang-go || status=$?
  rm -rf "$lists"
  return "$status"
}

build_csi_sanity() {
  local go=$1 dir
  dir=$(dirname "$csi_sanity")
  rm -rf "$dir.part" && mkdir -p "$dir.part"
  CGO_ENABLED=0 GOTOOLCHAIN=auto GOFLAGS=-trimpath GOBIN=$dir.part \
    "$go" install "github.com/kubernetes-csi/csi-test/v5/cmd/csi-sanity@$csi_sanity_version" || { rm -rf "$dir.part"; return 1; }
  mv "$dir.part" "$dir"
}

setup_csi_sanity() {
  [ -x "$csi_sanity" ] && return 0
  local go
  if ! go=$(find_go); then
    if ! is_root || ! is_debian; then
      lacks 'Go 1.21 or later' 'it builds csi-sanity' 'install Go, or run npm run setup as root on Debian 12'
      return 0
    fi
    timed 'Go from Debian backports' install_backports_go || true
    if ! go=$(find_go); then
      lacks 'Go 1.21 or later' 'it builds csi-sanity' 'make the package mirror and its backports reachable, then run npm run setup'
      return 0
    fi
  fi
  if ! mkdir -p "$cache" 2>/dev/null || [ ! -w "$cache" ]; then
    lacks csi-sanity "the cache directory $cache is not writable" 'run npm run setup as root, or set NIPHAS_CACHE_DIR'
    return 0
  fi
  timed "csi-sanity $csi_sanity_version" build_csi_sanity "$go" ||
    lacks csi-sanity 'the conformance test of the plugin' 'make the Go module proxy reachable, then run npm run setup'
}
