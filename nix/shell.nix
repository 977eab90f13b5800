# What contributors need besides npm's packages; CONTRIBUTING.md says what each is for.
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
