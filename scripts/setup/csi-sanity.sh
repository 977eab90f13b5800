# csi-sanity, the conformance test of the CSI project, built from source. Sourced by setup.sh.

csi_sanity_version=v5.5.0
csi_sanity=$cache/csi-sanity-$csi_sanity_version/csi-sanity

setup_csi_sanity() {
  setup_go_program "github.com/kubernetes-csi/csi-test/v5/cmd/csi-sanity@$csi_sanity_version" "$csi_sanity" \
    'the conformance test of the plugin'
}
