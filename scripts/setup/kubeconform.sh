# kubeconform, and what it checks manifests against: the API of each supported Kubernetes version as JSON schemas, made
# from the OpenAPI document in Kubernetes' own source. Sourced by setup.sh, after go.sh and node.sh.

kubeconform_version=v0.8.0
kubeconform=$cache/kubeconform-$kubeconform_version/kubeconform

# The newest patch release of each supported minor version.
schema_versions=(v1.32.13 v1.33.13 v1.34.4 v1.35.4 v1.36.3)
schema_script=$repo/test/chart/schemas.ts
kubernetes_schemas=$cache/kubernetes-schemas-$({ printf '%s\n' "${schema_versions[@]}"; cat "$schema_script"; } | short_hash)

# write_schemas VERSION DIR: the sources are 100 MB for each version and needed for one file, so they are not kept.
write_schemas() {
  local version=$1 dir=$2 modules source status=0
  modules=$(mktemp -d)
  source=$(GOMODCACHE=$modules GOFLAGS=-modcacherw module_path "k8s.io/kubernetes@$version" Dir) &&
    PATH=$repo/node_modules/.bin:$PATH node "$schema_script" "$source/api/openapi-spec/swagger.json" "$dir" || status=$?
  rm -rf "$modules"
  return "$status"
}

build_schemas() {
  local version
  for version in "${schema_versions[@]}"; do
    write_schemas "$version" "$part/${version%.*}.0-standalone-strict" || return 1
  done
}

setup_kubeconform() {
  setup_go_program "github.com/yannh/kubeconform/cmd/kubeconform@$kubeconform_version" "$kubeconform" 'it checks manifests'
  setup_built "$kubernetes_schemas/${schema_versions[0]%.*}.0-standalone-strict" 'schemas of Kubernetes' 'manifests are checked against them' build_schemas
}
