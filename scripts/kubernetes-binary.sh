#!/usr/bin/env bash
# scripts/kubernetes-binary.sh VERSION: builds that Kubernetes unless it is cached and prints where it is.
# VERSION is a minor version (v1.34: its newest known patch release) or a full one (v1.34.4).
source "$(dirname "${BASH_SOURCE[0]}")/setup/common.sh"
source "$repo/scripts/setup/apt.sh"
source "$repo/scripts/setup/go.sh"
source "$repo/scripts/setup/kubernetes.sh"

version=$(full_kubernetes_version "${1:?which version, such as v1.34}") || {
  say "Kubernetes $1 is not known here; there are ${kubernetes_versions[*]}"
  exit 2
}
setup_kubernetes "$version"
exit_if_missing
kubernetes_binary "$version"
