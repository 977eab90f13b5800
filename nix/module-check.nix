# Evaluates the modules in a NixOS configuration; builds nothing of that system.
{
  nixpkgs,
  pkgs,
  system,
  node,
  mesh,
}:
let
  machine = nixpkgs.lib.nixosSystem {
    inherit system;
    modules = [
      node
      mesh
      {
        services.niphas.node.enable = true;
        services.niphas.mesh = {
          enable = true;
          members = "dns:mesh.example.org";
          groupSecretFile = "/etc/niphas/mesh-secret";
          openFirewall = true;
        };
        boot.loader.grub.enable = false;
        fileSystems."/" = {
          device = "none";
          fsType = "tmpfs";
        };
        system.stateVersion = "25.11";
      }
    ];
  };
  inherit (machine.config) boot networking systemd;
  substituters = machine.config.nix.settings.substituters;
  meshService = systemd.services.niphas-mesh;
in
assert builtins.elem "erofs" boot.kernelModules;
assert builtins.elem "d /var/lib/niphas 0700 root root -" systemd.tmpfiles.rules;
assert builtins.head substituters == "http://127.0.0.1:9812";
assert builtins.elem 9811 networking.firewall.allowedTCPPorts;
assert meshService.environment.NIPHAS_MESH_MEMBERS == "dns:mesh.example.org";
assert meshService.serviceConfig.LoadCredential == [ "group-secret:/etc/niphas/mesh-secret" ];
pkgs.runCommand "niphas-module-check" { } "touch $out"
