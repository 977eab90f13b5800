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
        mesh = import ./nix/mesh-module.nix { inherit self; };
        default = self.nixosModules.node;
      };

      checks = forEachSystem (
        system: pkgs: {
          inherit (self.packages.${system}) niphas;
          modules = import ./nix/module-check.nix {
            inherit nixpkgs pkgs system;
            inherit (self.nixosModules) node mesh;
          };
        }
      );
    };
}
