# Kubernetes for test/cluster: all programs in one binary, built from the Go module. Sourced by setup.sh.

# The newest patch release of each minor version that test/cluster runs.
kubernetes_versions=(v1.34.4 v1.33.13 v1.35.4 v1.36.3)
kubernetes_default=${kubernetes_versions[0]}
kubernetes_source=$repo/test/cluster/kubernetes

# kubernetes_binary VERSION: where its binary is or will be.
kubernetes_binary() { printf '%s/kubernetes-%s-%s/kubernetes\n' "$cache" "$1" "$(cat "$kubernetes_source"/*.go | short_hash)"; }

# full_kubernetes_version VERSION: the known patch release of a minor version; a full version as it is.
full_kubernetes_version() {
  local version
  case $1 in v1.*.*) printf '%s\n' "$1"; return ;; esac
  for version in "${kubernetes_versions[@]}"; do
    if [ "${version%.*}" = "$1" ]; then printf '%s\n' "$version"; return; fi
  done
  return 1
}

# k8s.io/kubernetes takes its libraries from its own tree; from outside, each is the module of the same minor version.
staging_modules() { awk '$1 ~ /^k8s\.io\// && $2 == "=>" && $3 ~ /^\.\/staging\// { print $1 } $1 == "replace" && $3 == "=>" && $4 ~ /^\.\/staging\// { print $2 }' "$1"; }

kubernetes_module() {
  local gomod module
  write_go_mod k8s.io/kubernetes "$version" || return 1
  for module in $(staging_modules "$gomod"); do printf 'replace %s => %s v0.%s\n' "$module" "$module" "${version#v1.}"; done >>go.mod
}

# setup_kubernetes [VERSION]: makes the binary of one of the versions, the default if none is named.
setup_kubernetes() {
  local version=${1:-$kubernetes_default} values=k8s.io/component-base/version minor lock
  minor=${version#v1.}
  [ -x "$(kubernetes_binary "$version")" ] && return 0
  if cache_is_writable; then
    # Not the set-up's lock alone: `up --kubernetes` builds without it.
    exec {lock}>"$cache/.lock-kubernetes-$version"
    wait_for_lock "$lock" "Kubernetes $version is being built by another process"
  fi
  # Without a version the server says v0.0.0 and clients refuse it.
  setup_go_module "Kubernetes $version from source (about 10 minutes)" "$kubernetes_source" "$(kubernetes_binary "$version")" \
    'the programs of test/cluster' kubernetes_module \
    -ldflags "-s -w -X $values.gitVersion=$version -X $values.gitMajor=1 -X $values.gitMinor=${minor%%.*}"
  if [ -n "${lock:-}" ]; then exec {lock}>&-; fi
}
