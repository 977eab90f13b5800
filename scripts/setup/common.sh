# Paths and helpers that every script here needs; sourced, never run.
set -euo pipefail
# What tools print is read here, so it must not depend on the user's language.
export LC_ALL=C.UTF-8
# `su` without a dash leaves an ordinary user's PATH, on which the tools for disks and mounts are not.
export PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cache=${NIPHAS_CACHE_DIR:-/var/cache/niphas}
case $cache in /*) ;; *) cache=$PWD/$cache ;; esac
missing=()

say() { printf 'set-up: %s\n' "$*" >&2; }

seconds_since() { awk -v from="$1" -v to="$EPOCHREALTIME" 'BEGIN { printf "%.1f s", to - from }'; }

# A full disk is behind many an error that names something else.
say_free_space() {
  { df -h --output=avail,target "$cache" "${HOME:-/root}" "${TMPDIR:-/tmp}" 2>/dev/null || true; } |
    sed '1d; s/^ */set-up: free space: /' | sort -u >&2
}

# timed WHAT COMMAND...: says what starts and how long it took; the output goes to a log that is shown on failure.
timed() {
  local what=$1 started=$EPOCHREALTIME file log status=0
  shift
  file=$(mktemp)
  # Without a name at once: a killed set-up leaves none.
  exec {log}<>"$file"
  rm "$file"
  say "$what ..."
  "$@" >&"$log" 2>&1 </dev/null || status=$?
  if [ "$status" -ne 0 ]; then
    tail -n 40 "/dev/fd/$log" >&2
    say_free_space
    say "$what: failed after $(seconds_since "$started")"
  else
    say "$what: done in $(seconds_since "$started")"
  fi
  exec {log}>&-
  return "$status"
}

# lacks WHAT WHY HOW: something cannot be had on this machine; named at the end with the line that installs it.
lacks() { missing+=("$1 ($2); to get it: $3"); }

# exit_if_missing: names all that is missing; exit code 3.
exit_if_missing() {
  [ "${#missing[@]}" -eq 0 ] && return 0
  printf 'set-up: missing: %s\n' "${missing[@]}" >&2
  exit 3
}

# wait_for_lock DESCRIPTOR WHAT: it is released when this process, its children, or the program that it becomes, have ended.
wait_for_lock() {
  flock --nonblock "$1" || { say "$2; waiting for it"; flock "$1"; }
}

# publish PART RESULT: RESULT appears complete or not at all, also when the machine loses its power. An older one, of which
# something was missing, is replaced.
publish() {
  sync -f "$1" && rm -rf --one-file-system "$2" && mv -T "$1" "$2"
}

is_root() { [ "$(id -u)" -eq 0 ]; }

is_debian() { [ -x /usr/bin/apt-get ] && [ -x /usr/bin/dpkg ] && grep -qx 'ID=debian' /etc/os-release; }

# Nix's name for this machine.
nix_system() { printf '%s-linux\n' "$(uname -m)"; }

short_hash() { sha256sum | cut -c1-12; }
