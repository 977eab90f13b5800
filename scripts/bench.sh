#!/usr/bin/env bash
# scripts/bench.sh publish|pods|mesh [OPTIONS]: sets up what the benchmark needs and runs it; `pods` needs a cluster.
scope=base
if [ "${1:-}" = pods ]; then scope=cluster; fi
directory=$(dirname "${BASH_SOURCE[0]}")
exec "$directory/with-setup.sh" --scope "$scope" node "$directory/../test/bench/main.ts" "$@"
