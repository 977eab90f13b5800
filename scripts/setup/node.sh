# Node.js dependencies, the pinned Node.js among them. Sourced by setup.sh.

node_modules_current() {
  local installed=$repo/node_modules/.package-lock.json
  [ -e "$installed" ] && [ ! "$repo/package-lock.json" -nt "$installed" ]
}

# npm must not run on the Node.js inside the folder that it replaces.
path_without_node_modules() { printf '%s' "$PATH" | tr ':' '\n' | grep -v '/node_modules/' | paste -sd:; }

npm_ci() {
  local path
  path=$(path_without_node_modules)
  (cd "$repo" && PATH=$path npm ci --include=optional --include=dev) || return 1
  if ! node_is_recent "$path"; then npm_ci_on_pinned_node "$path" || return 1; fi
  touch "$repo/node_modules/.package-lock.json"
}

# npm leaves optional packages out, native code among them, that do not support the Node.js which it runs on.
node_is_recent() { [ "$(PATH=$1 node -p 'process.versions.node.split(".")[0]')" -ge 24 ]; }

# Debian's npm finds its own modules only with Debian's Node.js, or by NODE_PATH.
npm_ci_on_pinned_node() {
  local path=$1 aside node status=0
  node=$(compgen -G "$repo/node_modules/node-linux-*/bin/node") || return 0
  # Killed from here on, it must not look done.
  rm -f "$repo/node_modules/.package-lock.json"
  aside=$(mktemp -d)
  cp "$node" "$aside/node"
  (cd "$repo" && NODE_PATH=/usr/share/nodejs:/usr/lib/$(uname -m)-linux-gnu/nodejs PATH=$aside:$path \
    npm ci --include=optional --include=dev) || status=$?
  rm -rf "$aside"
  return "$status"
}

# npm 9 installs the pinned Node.js but makes no link to it.
link_node() {
  local node
  for node in "$repo"/node_modules/node-linux-*/bin/node; do
    if [ -x "$node" ]; then ln -sf "../${node#"$repo/node_modules/"}" "$repo/node_modules/.bin/node"; fi
  done
}

# The lock is the file itself: one installation per checkout at a time.
setup_node() {
  local node=$repo/node_modules/.bin/node
  if node_modules_current && [ -x "$node" ]; then return 0; fi
  exec 8<"$repo/package-lock.json"
  flock 8
  node_modules_current || timed 'Node.js packages (npm ci)' npm_ci || {
    say 'npm ci failed; nothing else can run without it (npm itself: apt-get install -y --no-install-recommends npm)'
    exit 1
  }
  exec 8<&-
  if [ ! -x "$node" ]; then link_node; fi
  "$node" --version >/dev/null 2>&1 ||
    lacks 'Node.js 24' "everything runs on it; npm has no build for $(uname -sm)" 'use Linux on x86_64 or aarch64 with glibc'
}
