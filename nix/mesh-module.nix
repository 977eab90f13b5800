# `niphas mesh` beside the Nix of a NixOS machine, without Kubernetes: docs/lan.md.
{ self }:
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkDefault mkOption types;
  cfg = config.services.niphas.mesh;

  # A path literal would end up in the store, for everybody to read.
  secretFile = types.nullOr (types.strMatching "/.+");
  # systemd has uses for percent signs.
  words = texts: builtins.replaceStrings [ "%" ] [ "%%" ] (lib.concatStringsSep " " texts);
  credentials =
    lib.optional (cfg.groupSecretFile != null) "group-secret:${cfg.groupSecretFile}"
    ++ lib.optional (cfg.netrcFile != null) "netrc:${cfg.netrcFile}";
in
{
  options.services.niphas.mesh = {
    enable = lib.mkEnableOption "getting store paths from neighbours before binary caches, and giving them to neighbours";

    package = mkOption {
      type = types.package;
      default = self.packages.${pkgs.stdenv.hostPlatform.system}.niphas;
      description = "The package with the command `niphas`.";
    };

    members = mkOption {
      type = types.str;
      example = "dns:mesh.example.org";
      description = ''
        Who belongs to the mesh: `static:<peer id>@<host>:<port>,...`, where `niphas mesh id` prints the peer id, or
        `dns:<name>` with the group's secret. All machines may have the same list.
      '';
    };

    groupSecretFile = mkOption {
      type = secretFile;
      default = null;
      description = "File with at least 32 random bytes that all members have and nobody else; read by root.";
    };

    listenAddress = mkOption {
      type = types.str;
      default = "";
      example = "10.0.0.7";
      description = "Where to listen for other members, an IPv6 address in brackets; all IPv4 addresses if empty.";
    };

    port = mkOption {
      type = types.port;
      default = 9811;
      description = "TCP port at which other members reach this machine.";
    };

    openFirewall = mkOption {
      type = types.bool;
      default = false;
      description = "Whether the firewall lets other machines in at the port.";
    };

    substituterPort = mkOption {
      type = types.port;
      default = 9812;
      description = "TCP port on 127.0.0.1 at which this machine's Nix finds the mesh.";
    };

    metricsListen = mkOption {
      type = types.str;
      default = "127.0.0.1:9813";
      description = "Where health and metrics are served; `off` for nowhere.";
    };

    upstreams = mkOption {
      type = types.listOf types.str;
      default = [ "https://cache.nixos.org" ];
      description = "Binary caches for what no member has. They should be those of `nix.settings.substituters`.";
    };

    trustedPublicKeys = mkOption {
      type = types.listOf types.str;
      default = config.nix.settings.trusted-public-keys;
      description = "Keys without whose signature nothing is taken from a member. By default those that Nix trusts.";
    };

    netrcFile = mkOption {
      type = secretFile;
      default = null;
      description = "Credentials for the upstreams; read by root.";
    };

    settings = mkOption {
      type = types.attrsOf types.str;
      default = { };
      example = {
        NIPHAS_MESH_UPLOAD_SLOTS = "4";
      };
      description = "More settings, as environment variables: docs/interfaces.md has all of them.";
    };
  };

  config = lib.mkIf cfg.enable {
    assertions = [
      {
        assertion = !(lib.hasPrefix "dns:" cfg.members) || cfg.groupSecretFile != null;
        message = "services.niphas.mesh: members by DNS need groupSecretFile, which tells a member from a stranger";
      }
    ];

    nix.settings = {
      substituters = lib.mkBefore [ "http://127.0.0.1:${toString cfg.substituterPort}" ];
      # Older Nix fails altogether when a substituter does.
      fallback = mkDefault true;
      connect-timeout = mkDefault 2;
      # A daemon that is frozen costs this for each attempt.
      stalled-download-timeout = mkDefault 10;
      download-attempts = mkDefault 3;
      # What nobody has now, a neighbour may have in a minute.
      narinfo-cache-negative-ttl = mkDefault 0;
      http-connections = mkDefault 50;
      max-substitution-jobs = mkDefault 32;
    };

    networking.firewall.allowedTCPPorts = lib.optional cfg.openFirewall cfg.port;

    environment.systemPackages = [ cfg.package ];

    systemd.services.niphas-mesh = {
      description = "Niphas mesh: store paths from neighbours";
      wantedBy = [ "multi-user.target" ];
      wants = [ "network-online.target" ];
      after = [
        "network-online.target"
        "nix-daemon.socket"
      ];
      environment = {
        NIPHAS_MESH_STORE = "/";
        NIPHAS_MESH_STATE_DIR = "/var/lib/niphas-mesh";
        NIPHAS_MESH_MEMBERS = cfg.members;
        NIPHAS_MESH_LISTEN = "${cfg.listenAddress}:${toString cfg.port}";
        NIPHAS_MESH_SUBSTITUTER = "127.0.0.1:${toString cfg.substituterPort}";
        NIPHAS_MESH_METRICS_LISTEN = cfg.metricsListen;
        NIPHAS_MESH_UPSTREAM = words cfg.upstreams;
        NIPHAS_MESH_TRUSTED_PUBLIC_KEY = words cfg.trustedPublicKeys;
        NIPHAS_MESH_NO_DEFAULT_KEY = "1";
      }
      // lib.optionalAttrs (cfg.groupSecretFile != null) { NIPHAS_MESH_GROUP_SECRET_FILE = "%d/group-secret"; }
      // lib.optionalAttrs (cfg.netrcFile != null) { NIPHAS_MESH_NETRC_FILE = "%d/netrc"; }
      // cfg.settings;
      serviceConfig = import ./mesh-service.nix // {
        ExecStart = "${lib.getExe cfg.package} mesh";
        LoadCredential = credentials;
      };
    };
  };
}
