# Go, and programs that are built with it from the Go module proxy. Sourced by setup.sh.

# Go 1.21 is the first that fetches the toolchain which a module asks for.
go_is_enough() {
  local version
  version=$("$1" env GOVERSION 2>/dev/null) || return 1
  [ "$(printf 'go1.21\n%s\n' "$version" | sort -V | head -n 1)" = go1.21 ]
}

find_go() {
  local go
  for go in "$(command -v go || true)" /usr/local/go/bin/go /usr/lib/go/bin/go; do
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

# ensure_go WHAT: sets $go to a Go that can build WHAT; else names what is missing and fails.
ensure_go() {
  if go=$(find_go); then return 0; fi
  if ! is_root || ! is_debian; then
    lacks 'Go 1.21 or later' "it builds $1" 'install Go, or run the same command as root on Debian 12'
    return 1
  fi
  timed 'Go from Debian backports' install_backports_go || true
  if go=$(find_go); then return 0; fi
  lacks 'Go 1.21 or later' "it builds $1" 'install Go, or make the package mirror and its backports reachable, then run the same command again'
  return 1
}

cache_is_writable() { mkdir -p "$cache" 2>/dev/null && [ -w "$cache" ]; }

# finish_program FILE COMMAND...: COMMAND makes the program FILE in the directory $part, which takes its place when all is done.
# Temporary files go there too: /tmp may be small, and what a killed build leaves goes with the next one.
finish_program() {
  local dir part status=0
  dir=$(dirname "$1")
  part=$dir.part
  shift
  rm -rf "$part" && mkdir -p "$part/.tmp" || return
  TMPDIR=$part/.tmp "$@" || status=$?
  rm -rf "$part/.tmp"
  if [ "$status" -eq 0 ]; then publish "$part" "$dir"; return; fi
  rm -rf "$part"
  return "$status"
}

# setup_built FILE LABEL WHY COMMAND...: makes the program FILE with COMMAND unless it is there.
setup_built() {
  local file=$1 label=$2 why=$3 go
  shift 3
  [ -x "$file" ] && return 0
  ensure_go "$label" || return 0
  if ! cache_is_writable; then
    lacks "$label" "the cache directory $cache is not writable" 'run the same command as root, or set NIPHAS_CACHE_DIR'
    return 0
  fi
  timed "$label" finish_program "$file" "$@" ||
    lacks "$label" "$why" 'mend what is said above (it takes the Go module proxy and disk), then run the same command again'
}

go_install() { CGO_ENABLED=0 GOTOOLCHAIN=auto GOFLAGS=-trimpath GOBIN=$part "$go" install "$1"; }

# setup_go_program PACKAGE@VERSION FILE WHY: makes the program FILE, which the module proxy has as a package of its own.
setup_go_program() { setup_built "$2" "$(basename "$2") ${1##*@}" "$3" go_install "$1"; }

# module_path MODULE@VERSION FIELD: downloads the module and prints the path FIELD (Dir, GoMod) of it. Go puts errors among
# the fields too.
module_path() {
  "$go" mod download -json "$1" | awk -F'"' -v field="$2" '$2 == field { print $4 } $2 == "Error" { print >"/dev/stderr" }'
}

# write_go_mod MODULE VERSION: a go.mod that needs just this, and at least the Go which that module asks for. Sets $gomod to
# the module's own.
write_go_mod() {
  gomod=$(module_path "$1@$2" GoMod) && [ -n "$gomod" ] &&
    printf 'module main\n\n%s\n\nrequire %s %s\n' "$(grep -E '^go [0-9]' "$gomod")" "$1" "$2" >go.mod
}

# go_build_here SOURCES FILE WRITE-GO-MOD [FLAG...]: a main package of ours in a module that the command WRITE-GO-MOD describes.
go_build_here() {
  local sources=$1 name write_module=$3 work
  name=$(basename "$2")
  shift 3
  work=$(mktemp -d) && cp "$sources"/*.go "$work/" || return
  (
    export CGO_ENABLED=0 GOTOOLCHAIN=auto GOFLAGS=-mod=mod GOWORK=off
    cd "$work" && "$write_module" && "$go" build -trimpath -buildvcs=false "$@" -o "$part/$name" .
  )
}

# setup_go_module LABEL SOURCES FILE WHY WRITE-GO-MOD [FLAG...]: makes the program FILE from our main package in SOURCES.
setup_go_module() {
  local label=$1 sources=$2 file=$3 why=$4
  shift 4
  setup_built "$file" "$label" "$why" go_build_here "$sources" "$file" "$@"
}
