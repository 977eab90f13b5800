# Paths and helpers that every script here needs; sourced, never run.
set -euo pipefail
# What tools print is read here, so it must not depend on the user's language.
export LC_ALL=C.UTF-8

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cache=${NIPHAS_CACHE_DIR:-/var/cache/niphas}
missing=()

say() { printf 'set-up: %s\n' "$*" >&2; }

seconds_since() { awk -v from="$1" -v to="$EPOCHREALTIME" 'BEGIN { printf "%.1f s", to - from }'; }

# timed WHAT COMMAND...: says what starts and how long it took; the output goes to a log that is shown on failure.
timed() {
  local what=$1 started=$EPOCHREALTIME log status=0
  shift
  log=$(mktemp)
  say "$what ..."
  "$@" >"$log" 2>&1 </dev/null || status=$?
  if [ "$status" -ne 0 ]; then
    tail -n 40 "$log" >&2
    say "$what: failed after $(seconds_since "$started")"
  else
    say "$what: done in $(seconds_since "$started")"
  fi
  rm -f "$log"
  return "$status"
}

# lacks WHAT WHY HOW: something cannot be had on this machine; named at the end with the line that installs it.
lacks() { missing+=("$1 ($2); to get it: $3"); }

is_root() { [ "$(id -u)" -eq 0 ]; }

is_debian() { [ -x /usr/bin/apt-get ] && [ -x /usr/bin/dpkg ] && grep -qx 'ID=debian' /etc/os-release; }

# Nix's name for this machine.
nix_system() { printf '%s-linux\n' "$(uname -m)"; }

short_hash() { sha256sum | cut -c1-12; }
