import { flagTable, flagVariable, type RawOptions } from "@niphas/service";

/** Every flag of `niphas mesh`; each is also the environment variable that {@link envName} gives. */
export const FLAGS = flagTable({
  listen: {
    flag: "--listen",
    argument: "<address:port>",
    help: "where other members reach this daemon; :<port> for all addresses",
    defaultText: ":9811",
  },
  substituter: {
    flag: "--substituter",
    argument: "<address:port>",
    help: "where Nix of this machine finds the binary cache; an address of the loopback interface",
    defaultText: "127.0.0.1:9812",
  },
  store: {
    flag: "--store",
    argument: "<dir>",
    help: "root of the Nix store whose paths are served to members, only read; / for the machine's own",
    defaultText: "/var/lib/niphas/store",
  },
  upstream: {
    flag: "--upstream",
    argument: "<url>",
    help: "binary cache to fetch from what no member has: http(s)://, file:// or s3://; repeat the flag for more",
    isList: true,
    defaultText: "https://cache.nixos.org",
  },
  trustedPublicKey: {
    flag: "--trusted-public-key",
    argument: "<name:key>",
    help: "key whose signature makes a path trusted; repeat the flag for more. cache.nixos.org's is one too, but for --no-default-key",
    isList: true,
  },
  netrcFile: { flag: "--netrc-file", argument: "<file>", help: "credentials for the upstreams" },
  members: {
    flag: "--members",
    argument: "<source>",
    help: "who belongs to the mesh: static:<peer id>@<host>:<port>,..., dns:<name>, dns:<name>:<port> or kubernetes; required",
  },
  groupSecretFile: {
    flag: "--group-secret-file",
    argument: "<file>",
    help: "at least 32 random bytes that all members have and nobody else; needed for members by DNS",
  },
  stateDir: {
    flag: "--state-dir",
    argument: "<dir>",
    help: "this daemon's key, and what does not fit into memory; at most one daemon on it",
    defaultText: "/var/lib/niphas-mesh",
  },
  metricsListen: {
    flag: "--metrics-listen",
    argument: "<address:port>",
    help: "where /livez, /readyz and /metrics are served; :<port> for all addresses, off for nowhere",
    defaultText: "127.0.0.1:9813",
  },
  logLevel: {
    flag: "--log-level",
    argument: "<level>",
    help: "fatal, error, warn, info, debug or trace",
    defaultText: "info",
  },
  uploadSlots: {
    flag: "--upload-slots",
    argument: "<count>",
    help: "ranges of NARs that are sent to members at once; others are sent to who has just got them",
    defaultText: "8",
  },
  spoolBytes: {
    flag: "--spool-bytes",
    argument: "<amount>",
    help: "disk space in the state directory for NARs on their way, as 4Gi",
    defaultText: "4Gi",
  },
  shutdownGrace: {
    flag: "--shutdown-grace",
    argument: "<time>",
    help: "time that NARs on their way to Nix get to end after SIGTERM",
    defaultText: "10s",
  },
  nodeName: {
    flag: "--node-name",
    argument: "<name>",
    help: "name of the Kubernetes node; needed for members by Kubernetes",
  },
  namespace: {
    flag: "--namespace",
    argument: "<name>",
    help: "the platform's namespace, where the members' Leases are; needed for members by Kubernetes",
  },
  advertise: {
    flag: "--advertise",
    argument: "<address>",
    help: "IP address at which other nodes reach this one; needed for members by Kubernetes",
  },
  kubeconfig: {
    flag: "--kubeconfig",
    argument: "<file>",
    help: "credentials, of which the current context counts",
    defaultHelp: "the pod's own",
  },
});

export type FlagName = keyof typeof FLAGS;

/** Flag values as text, from the command line or the environment. */
export type RawMeshOptions = RawOptions<FlagName>;

/** `stateDir` is `NIPHAS_MESH_STATE_DIR`. */
export function envName(name: FlagName): string {
  return flagVariable("mesh", FLAGS[name].flag);
}
