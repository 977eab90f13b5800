#!/usr/bin/env bash
# scripts/cluster.sh COMMAND...: npm run cluster. What brings clusters up needs all that they are made of; the rest needs
# Node.js alone, so that `down` works whatever has become of the cache.
scope=node
case " $* " in
  *' --help '*) ;;
  ' up '* | ' self-test '*) scope=cluster ;;
esac
directory=$(dirname "${BASH_SOURCE[0]}")
exec "$directory/with-setup.sh" --scope "$scope" node "$directory/../test/cluster/main.ts" "$@"
