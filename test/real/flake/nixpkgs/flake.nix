# As much of nixpkgs as the flake's outputs need to be evaluated. Derivations keep what they are given in `given`.
{
  outputs =
    { self }:
    let
      lib = import ./lib.nix;

      packagesFor =
        system:
        let
          make =
            name: given:
            derivation {
              inherit name system;
              builder = "none";
            }
            // {
              inherit given;
            };
          names = [
            "autoPatchelfHook"
            "buildah"
            "composefs"
            "erofs-utils"
            "go"
            "kubectl"
            "kubernetes-helm"
            "makeWrapper"
            "nix"
            "nodejs_24"
            "util-linux"
            "xz"
          ];
          packages = lib.genAttrs names (name: make name { }) // {
            inherit lib;
            stdenv = {
              cc.cc.lib = make "libstdcxx" { };
              hostPlatform = {
                inherit system;
                isAarch64 = system == "aarch64-linux";
              };
              mkDerivation = given: make given.pname given;
            };
            mkShell = make "shell";
            runCommand = name: attributes: script: make name (attributes // { inherit script; });
            callPackage =
              file: overrides:
              let
                function = import file;
              in
              function (builtins.intersectAttrs (builtins.functionArgs function) packages // overrides);
          };
        in
        packages;
    in
    {
      inherit lib;
      legacyPackages = lib.genAttrs [ "x86_64-linux" "aarch64-linux" ] packagesFor;
    };
}
