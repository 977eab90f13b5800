import { flagTable, flagVariable, type RawOptions } from "@niphas/service";

/** Every flag of `niphas csi`; each is also the environment variable that {@link envName} gives. */
export const FLAGS = flagTable({
  endpoint: {
    flag: "--endpoint",
    argument: "<url>",
    help: "unix socket on which the kubelet finds the plugin; the path must be the same on the host",
    defaultHelp: "unix://<kubelet-dir>/plugins/csi.niphas.io/csi.sock",
  },
  registrationDir: {
    flag: "--registration-dir",
    argument: "<dir>",
    help: "the kubelet's directory for plugin registration sockets; off when a registrar sidecar does it",
    defaultHelp: "<kubelet-dir>/plugins_registry",
  },
  nodeId: { flag: "--node-id", argument: "<name>", help: "name of the Kubernetes node; required" },
  stateDir: {
    flag: "--state-dir",
    argument: "<dir>",
    help: "store, views and records; one local file system that survives restarts, at most one plugin on it",
    defaultText: "/var/lib/niphas",
  },
  kubeletDir: {
    flag: "--kubelet-dir",
    argument: "<dir>",
    help: "the kubelet's root directory; volumes are mounted nowhere else",
    defaultText: "/var/lib/kubelet",
  },
  substituter: {
    flag: "--substituter",
    argument: "<url>",
    help: "binary cache to fetch from, first one first; repeat the flag for more",
    isList: true,
    defaultText: "https://cache.nixos.org",
  },
  trustedPublicKey: {
    flag: "--trusted-public-key",
    argument: "<name:key>",
    help: "key whose signature makes a path trusted; repeat the flag for more. cache.nixos.org's is one too, but for --no-default-key",
    isList: true,
  },
  mesh: {
    flag: "--mesh",
    argument: "<url>",
    help: "mesh daemon of this node, http://127.0.0.1:<port>; asked before the substituters, and never waited for long",
    defaultHelp: "no mesh",
  },
  netrcFile: { flag: "--netrc-file", argument: "<file>", help: "credentials for the substituters" },
  policyFile: {
    flag: "--policy-file",
    argument: "<file>",
    help: "JSON rules that say who may mount what; read again when it changes; unreadable means nothing is allowed",
    defaultHelp: "any namespace, any path that a trusted key signed",
  },
  metricsListen: {
    flag: "--metrics-listen",
    argument: "<address:port>",
    help: "where /livez, /readyz and /metrics are served; :<port> for all addresses, off for nowhere",
    defaultText: "127.0.0.1:9809",
  },
  gcFreeBytes: {
    flag: "--gc-free-bytes",
    argument: "<amount>",
    help: "free space that garbage collection keeps, as 20% or 10Gi",
    defaultText: "20%",
  },
  gcFreeInodes: {
    flag: "--gc-free-inodes",
    argument: "<amount>",
    help: "free inodes that garbage collection keeps, as 20% or 500000",
    defaultText: "20%",
  },
  gcInterval: {
    flag: "--gc-interval",
    argument: "<time>",
    help: "how often free space is looked at",
    defaultText: "5m",
  },
  janitorInterval: {
    flag: "--janitor-interval",
    argument: "<time>",
    help: "how often roots, records and mounts are compared and mended",
    defaultText: "60s",
  },
  publishWait: {
    flag: "--publish-wait",
    argument: "<time>",
    help: "longest time one publish call waits for a fetch before it answers with the progress; at most 95s",
    defaultText: "90s",
  },
  shutdownGrace: {
    flag: "--shutdown-grace",
    argument: "<time>",
    help: "time that running calls get to end after SIGTERM",
    defaultText: "20s",
  },
  view: {
    flag: "--view",
    argument: "<strategy>",
    help: "how views are made: auto, composefs or tree; auto takes the best that works on this node",
    defaultText: "auto",
  },
  logLevel: {
    flag: "--log-level",
    argument: "<level>",
    help: "fatal, error, warn, info, debug or trace",
    defaultText: "info",
  },
});

export type FlagName = keyof typeof FLAGS;

/** Flag values as text, from the command line or the environment. */
export type RawCsiOptions = RawOptions<FlagName>;

/** `publishWait` is `NIPHAS_CSI_PUBLISH_WAIT`. */
export function envName(name: FlagName): string {
  return flagVariable("csi", FLAGS[name].flag);
}
