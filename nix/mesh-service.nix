# How systemd keeps `niphas mesh` apart from the machine: a user of its own that reads the store and writes to nothing but
# its state directory. examples/mesh/niphas-mesh.service says the same for other distributions.
{
  Type = "exec";
  Restart = "always";
  RestartSec = 1;
  # More than --shutdown-grace.
  TimeoutStopSec = 20;

  DynamicUser = true;
  StateDirectory = "niphas-mesh";
  StateDirectoryMode = "0700";
  UMask = "0077";

  CapabilityBoundingSet = "";
  NoNewPrivileges = true;
  ProtectSystem = "strict";
  ProtectHome = true;
  PrivateTmp = true;
  PrivateDevices = true;
  ProtectClock = true;
  ProtectControlGroups = true;
  ProtectHostname = true;
  ProtectKernelLogs = true;
  ProtectKernelModules = true;
  ProtectKernelTunables = true;
  ProtectProc = "invisible";
  LockPersonality = true;
  RestrictNamespaces = true;
  RestrictRealtime = true;
  RestrictSUIDSGID = true;
  # AF_UNIX is for Nix's daemon, AF_NETLINK for the list of this machine's addresses.
  RestrictAddressFamilies = [
    "AF_INET"
    "AF_INET6"
    "AF_UNIX"
    "AF_NETLINK"
  ];
  SystemCallArchitectures = "native";
  SystemCallFilter = [
    "@system-service"
    "~@privileged"
  ];
  SystemCallErrorNumber = "EPERM";
}
