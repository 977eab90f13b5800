#!/usr/bin/env bash
# scripts/with-setup.sh [--scope SCOPE] COMMAND...: sets the machine up, then runs COMMAND with the pinned Node.js and the
# tools on PATH. SCOPE is one of scripts/setup.sh's; default: base.
source "$(dirname "${BASH_SOURCE[0]}")/setup/common.sh"

scope=base
if [ "${1:-}" = --scope ]; then
  scope=${2:?--scope needs a name}
  shift 2
fi
"$repo/scripts/setup.sh" "$scope" || {
  status=$?
  if [ "$status" -eq 3 ]; then say 'this does not run without what is missing (see above)'; fi
  exit "$status"
}
if [ "$scope" != node ]; then source "$cache/env"; fi
export NIPHAS_CACHE_DIR=$cache PATH=$repo/node_modules/.bin:${NIPHAS_TOOLS_BIN:+$NIPHAS_TOOLS_BIN:}$PATH
exec "$@"
