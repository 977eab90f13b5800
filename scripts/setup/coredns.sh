# CoreDNS for test/cluster, built from the Go module. Sourced by setup.sh.

coredns_version=v1.14.7
coredns_source=$repo/test/cluster/coredns
coredns=$cache/coredns-$coredns_version-$(cat "$coredns_source"/*.go | short_hash)/coredns

coredns_module() { write_go_mod github.com/coredns/coredns "$coredns_version"; }

setup_coredns() {
  setup_go_module "CoreDNS $coredns_version from source" "$coredns_source" "$coredns" 'name resolution in test/cluster' coredns_module
}
