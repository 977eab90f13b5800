# What a NixOS machine needs so that the node plugin, which the Helm chart brings, can work on it. It starts nothing.
{ config, lib, ... }:
let
  cfg = config.services.niphas.node;
  kernelVersion = config.boot.kernelPackages.kernel.version;
  kernelIsOlderThan = lib.versionOlder kernelVersion;
in
{
  options.services.niphas.node = {
    enable = lib.mkEnableOption "what the Niphas node plugin needs of this machine";

    stateDir = lib.mkOption {
      type = lib.types.path;
      default = "/var/lib/niphas";
      description = ''
        Where the plugin keeps its store, views and records: the chart's `stateDir`. On a local file system that
        survives restarts.
      '';
    };
  };

  config = lib.mkIf cfg.enable {
    # A container cannot load modules. Before Linux 6.12 EROFS images are mounted through loop devices.
    boot.kernelModules = [
      "erofs"
      "overlay"
    ]
    ++ lib.optional (kernelIsOlderThan "6.12") "loop";

    systemd.tmpfiles.rules = [ "d ${cfg.stateDir} 0700 root root -" ];

    warnings = lib.optional (kernelIsOlderThan "6.5") ''
      Linux ${kernelVersion} cannot mount composefs views; Niphas will make trees of hard links, which take longer for
      large closures. Linux 6.5 or newer can.
    '';
  };
}
