# CoreDNS for test/cluster, built from the Go module. Sourced by setup.sh.

coredns_version=v1.14.7
coredns_source=$repo/test/cluster/coredns
coredns=$cache/coredns-$coredns_version-$(cat "$coredns_source"/*.go | short_hash)/coredns

coredns_module() { printf 'module coredns\n\ngo 1.24.0\n\nrequire github.com/coredns/coredns %s\n' "$coredns_version" >go.mod; }

setup_coredns() {
  setup_go_module "$coredns_source" "$coredns" 'name resolution in test/cluster' coredns_module
}
