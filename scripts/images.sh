#!/usr/bin/env bash
# npm run images [-- --only node,control,stub] [--push REGISTRY] ...: builds the container images into dist/images.
# npm run images -- test [VITEST-OPTION...]: builds them twice and looks at what came out (test/images).
#
# As root on Debian with buildah, on a base from Debian's own packages; elsewhere with Docker. `--help` has the options.
source "$(dirname "${BASH_SOURCE[0]}")/setup/common.sh"
source "$repo/scripts/setup/apt.sh"
source "$repo/scripts/setup/node.sh"
source "$repo/scripts/setup/debian-root.sh"
source "$repo/scripts/setup/buildah.sh"
source "$repo/scripts/setup/image-base.sh"

setup_node
if is_root && is_debian; then
  mkdir -p "$cache/buildah"
  # Two builds share dist/images and buildah's storage.
  exec 8>"$cache/buildah/.lock"
  wait_for_lock 8 'images are being built by another process'
  exec 9>"$cache/.lock"
  wait_for_lock 9 'another set-up is running'
  setup_buildah
  setup_image_base
  exec 9>&-
  export NIPHAS_BUILDAH=$buildah NIPHAS_IMAGE_BASE=$image_base
fi
exit_if_missing
export NIPHAS_CACHE_DIR=$cache PATH=$repo/node_modules/.bin:$PATH
if [ "${1:-}" = test ]; then
  shift
  cd "$repo"
  exec vitest run --project images "$@"
fi
exec node "$repo/scripts/images/main.ts" "$@"
