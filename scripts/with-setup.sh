#!/usr/bin/env bash
# scripts/with-setup.sh COMMAND...: sets the machine up, then runs COMMAND with the pinned Node.js and the tools on PATH.
source "$(dirname "${BASH_SOURCE[0]}")/setup/common.sh"

"$repo/scripts/setup.sh" base || {
  status=$?
  if [ "$status" -eq 3 ]; then say 'cannot run this without what is missing (see above)'; fi
  exit "$status"
}
source "$cache/env"
export NIPHAS_CACHE_DIR=$cache PATH=$repo/node_modules/.bin:$NIPHAS_TOOLS_BIN:$PATH
exec "$@"
