#!/usr/bin/env bash
# Everything that `npm test`, `npm run demo` and `npm run bench` need, on a fresh Debian 12 machine as root.
#
#   scripts/setup.sh [node|base|all|cluster]     default: all
#
#   node is Node.js and its packages alone; base leaves out what only the tests use (csi-sanity, Helm); cluster is base and
#   what `npm run cluster`, `npm run images` and `npm run e2e` need: Kubernetes from source (10 minutes the first time), a
#   root for nodes, CoreDNS, Helm, buildah.
#
# Fast when done: each step looks for its result first. Results are in $NIPHAS_CACHE_DIR (default /var/cache/niphas),
# in places named by what they were made from, where they appear when they are complete; delete one to make it again.
# $NIPHAS_CACHE_DIR/env says where they are. Debian packages that the machine lacks are installed on it, if run by root.
# Exit code 0: all is there. 3: something is missing that this machine or user cannot get; each is named.
source "$(dirname "${BASH_SOURCE[0]}")/setup/common.sh"
source "$repo/scripts/setup/apt.sh"
source "$repo/scripts/setup/node.sh"
source "$repo/scripts/setup/debian-root.sh"
source "$repo/scripts/setup/forky.sh"
source "$repo/scripts/setup/go.sh"
source "$repo/scripts/setup/csi-sanity.sh"
source "$repo/scripts/setup/helm.sh"
source "$repo/scripts/setup/kubeconform.sh"
source "$repo/scripts/setup/buildah.sh"
source "$repo/scripts/setup/image-base.sh"
source "$repo/scripts/setup/kubernetes.sh"
source "$repo/scripts/setup/node-root.sh"
source "$repo/scripts/setup/coredns.sh"

scope=${1:-all}
case $scope in
  node | base | all | cluster) ;;
  *) say "unknown scope $scope (there are node, base, all, cluster)"; exit 2 ;;
esac
set -o errtrace
trap 'say "failed at ${BASH_SOURCE[0]##*/}:$LINENO: $BASH_COMMAND"' ERR
started=$EPOCHREALTIME

# Two set-ups on one machine: the second waits, then finds all done.
take_lock() {
  mkdir -p "$cache"
  exec 9>"$cache/.lock"
  wait_for_lock 9 'another set-up is running'
}

write_env() {
  local part=$cache/.env.$$
  {
    printf 'export NIPHAS_FORKY_ROOT=%q\nexport NIPHAS_TOOLS_BIN=%q\nexport NIPHAS_CSI_SANITY=%q\n' "$forky_root" "$forky_tools" "$csi_sanity"
    printf 'export NIPHAS_HELM=%q\nexport NIPHAS_KUBECONFORM=%q\nexport NIPHAS_KUBERNETES_SCHEMAS=%q\n' "$helm" "$kubeconform" "$kubernetes_schemas"
    printf 'export NIPHAS_KUBERNETES=%q\nexport NIPHAS_NODE_ROOT=%q\nexport NIPHAS_COREDNS=%q\n' \
      "$(kubernetes_binary "$kubernetes_default")" "$node_root" "$coredns"
    printf 'export NIPHAS_BUILDAH=%q\nexport NIPHAS_IMAGE_BASE=%q\n' "$buildah" "$image_base"
  } >"$part"
  if cmp --quiet "$part" "$cache/env"; then rm "$part"; else mv "$part" "$cache/env"; fi
}

setup_example() {
  "$repo/scripts/fetch-example.sh" --have || {
    if is_debian; then
      timed 'example: nginx and its libraries from Debian packages' "$repo/scripts/fetch-example.sh" ||
        lacks "the example's files" 'the demo runs them' 'run npm run setup as root, with the package mirror in reach'
    else
      lacks "the example's files" 'the demo runs them' 'run scripts/fetch-example.sh on Debian'
    fi
  }
}

setup_base() {
  if is_root; then take_lock; else lacks root 'mounts, namespaces and a Nix store of its own need it' 'run the same command as root'; fi
  setup_host_tools
  setup_forky
  setup_forky_tools
  setup_example
}

setup_tests() {
  setup_csi_sanity
  setup_helm
  setup_kubeconform
}

setup_cluster() {
  setup_node_root
  setup_kubernetes
  setup_coredns
  setup_helm
  setup_buildah
  setup_image_base
}

setup_node
if [ "$scope" != node ]; then setup_base; fi
case $scope in
  all) setup_tests ;;
  cluster) setup_cluster ;;
esac
if [ "$scope" != node ] && is_root; then write_env; fi
exit_if_missing
say "ready in $(seconds_since "$started")"
