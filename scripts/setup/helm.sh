# Helm, which renders and installs the chart; built from source. Sourced by setup.sh, after go.sh.

helm_version=v3.22.0
helm=$cache/helm-$helm_version/helm

# As in Helm's own releases: without a cluster, templates are rendered for this version of Kubernetes.
helm_kubernetes_minor=34

install_helm() {
  local flags='-s -w' package
  for package in pkg/chartutil pkg/lint/rules; do
    flags+=" -X helm.sh/helm/v3/$package.k8sVersionMajor=1 -X helm.sh/helm/v3/$package.k8sVersionMinor=$helm_kubernetes_minor"
  done
  CGO_ENABLED=0 GOTOOLCHAIN=auto GOFLAGS=-trimpath GOBIN=$part "$go" install -ldflags "$flags" "helm.sh/helm/v3/cmd/helm@$helm_version"
}

setup_helm() { setup_built "$helm" "helm $helm_version" 'it installs the chart' install_helm; }
