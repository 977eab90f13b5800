{
  description = "Niphas: run Nix closures as Kubernetes pods";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";

  outputs =
    { self, nixpkgs }:
    let
      systems = [
        "x86_64-linux"
        "aarch64-linux"
      ];
      forEachSystem = make: nixpkgs.lib.genAttrs systems (system: make system nixpkgs.legacyPackages.${system});
    in
    {
      packages = forEachSystem (
        system: pkgs: {
          niphas = pkgs.callPackage ./nix/package.nix { };
          default = self.packages.${system}.niphas;
        }
      );

      devShells = forEachSystem (
        system: pkgs: {
          default = pkgs.callPackage ./nix/shell.nix { };
        }
      );

      nixosModules = {
        node = import ./nix/module.nix;
        default = self.nixosModules.node;
      };

      checks = forEachSystem (
        system: pkgs: {
          inherit (self.packages.${system}) niphas;
          module = import ./nix/module-check.nix {
            inherit nixpkgs pkgs system;
            module = self.nixosModules.node;
          };
        }
      );
    };
}
