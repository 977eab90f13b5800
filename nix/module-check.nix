# Evaluates the module in a NixOS configuration; builds nothing of that system.
{
  nixpkgs,
  pkgs,
  system,
  module,
}:
let
  machine = nixpkgs.lib.nixosSystem {
    inherit system;
    modules = [
      module
      {
        services.niphas.node.enable = true;
        boot.loader.grub.enable = false;
        fileSystems."/" = {
          device = "none";
          fsType = "tmpfs";
        };
        system.stateVersion = "25.11";
      }
    ];
  };
  inherit (machine.config) boot systemd;
in
assert builtins.elem "erofs" boot.kernelModules;
assert builtins.elem "d /var/lib/niphas 0700 root root -" systemd.tmpfiles.rules;
pkgs.runCommand "niphas-module-check" { } "touch $out"
