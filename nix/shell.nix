# What contributors need besides npm's own packages (`npm ci`).
{
  mkShell,
  nodejs_24,
  go,
  kubernetes-helm,
  kubectl,
  buildah,
  nix,
  composefs,
  erofs-utils,
}:
mkShell {
  packages = [
    nodejs_24
    go
    kubernetes-helm
    kubectl
    buildah
    nix
    composefs
    erofs-utils
  ];
}
