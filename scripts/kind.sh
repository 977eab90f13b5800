#!/usr/bin/env bash
# npm run kind [-- up|down]: a cluster of three nodes with kind, with the platform on it, where Docker runs.
#
# Again `up` builds the images anew and restarts the platform with them. What is missing is named; exit code 3.
# Where no Docker runs, `npm run cluster` does the same without it.
source "$(dirname "${BASH_SOURCE[0]}")/setup/common.sh"

name=niphas
namespace=niphas-system

need() { command -v "$1" >/dev/null || lacks "$1" "$2" "$3"; }

check_tools() {
  need docker 'kind runs nodes as its containers' 'https://docs.docker.com/engine/install/'
  need kind 'it makes the cluster' 'https://kind.sigs.k8s.io/docs/user/quick-start/#installation'
  need kubectl 'it talks to the cluster' 'https://kubernetes.io/docs/tasks/tools/'
  need helm 'it installs the chart' 'https://helm.sh/docs/intro/install/'
  if command -v docker >/dev/null && ! docker info >/dev/null 2>&1; then
    lacks 'a running Docker' 'kind runs nodes as its containers' 'start the Docker daemon and make sure that you may use it'
  fi
  [ "${#missing[@]}" -eq 0 ] && return 0
  printf 'kind: missing: %s\n' "${missing[@]}" >&2
  exit 3
}

on_cluster() { kubectl --context "kind-$name" "$@"; }

make_cluster() {
  if ! kind get clusters | grep -qx "$name"; then kind create cluster --config "$repo/kind-config.yaml" --wait 180s; fi
}

load_images() {
  local image
  "$repo/scripts/images.sh"
  for image in node control stub; do kind load image-archive "$repo/dist/images/$image.tar" --name "$name"; done
}

# The plugin's container is privileged; `helm --create-namespace` would make the namespace without the label.
make_namespace() {
  on_cluster create namespace "$namespace" --dry-run=client --output yaml | on_cluster apply --filename -
  on_cluster label --overwrite namespace "$namespace" pod-security.kubernetes.io/enforce=privileged
}

# The tag stays the same from build to build, so nothing else would start the new images.
restart_platform() {
  on_cluster --namespace "$namespace" rollout restart daemonset/niphas-node deployment/niphas-controller
  on_cluster --namespace "$namespace" rollout status daemonset/niphas-node --timeout 300s
  on_cluster --namespace "$namespace" rollout status deployment/niphas-controller --timeout 300s
}

up() {
  make_cluster
  load_images
  make_namespace
  helm upgrade --install niphas "$repo/charts/niphas" --kube-context "kind-$name" --namespace "$namespace"
  restart_platform
}

case ${1:-up} in
  up) check_tools && up ;;
  down) check_tools && kind delete cluster --name "$name" ;;
  *) printf 'usage: npm run kind [-- up|down]\n' >&2; exit 2 ;;
esac
