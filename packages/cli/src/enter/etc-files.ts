import type { EtcFile } from "./enter-spec.ts";

export interface EtcInput {
  readonly uid: number;
  readonly gid: number;
  readonly userName: string;
  readonly homeDir: string;
  readonly hostName: string;
  /** The host's own files; undefined when it has none. */
  readonly resolvConf: string | undefined;
  readonly hosts: string | undefined;
}

const NOBODY_ID = 65534;
/** The group that owns terminals on every distribution; devpts gives them to it. */
export const TTY_GROUP_ID = 5;
const NO_SHELL = "/sbin/nologin";
const DEFAULT_HOSTS = "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n";
const NSSWITCH = "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\nservices: files\nprotocols: files\n";

/** The files of /etc in the program's root, as a small container image has them. */
export function etcFiles(input: EtcInput): readonly EtcFile[] {
  return [
    { name: "passwd", content: passwd(input) },
    { name: "group", content: group(input) },
    { name: "nsswitch.conf", content: NSSWITCH },
    { name: "hostname", content: `${input.hostName}\n` },
    { name: "hosts", content: input.hosts ?? DEFAULT_HOSTS },
    { name: "resolv.conf", content: input.resolvConf ?? "" },
  ];
}

function passwd(input: EtcInput): string {
  const rows = new Map<number, string>([
    [0, `root:x:0:0:root:/tmp:${NO_SHELL}`],
    [NOBODY_ID, `nobody:x:${NOBODY_ID}:${NOBODY_ID}:nobody:/nonexistent:${NO_SHELL}`],
  ]);
  const name = rowName(input, input.uid, "root");
  rows.set(input.uid, `${name}:x:${input.uid}:${input.gid}:${name}:${input.homeDir}:${NO_SHELL}`);
  return lines(rows);
}

function group(input: EtcInput): string {
  const rows = new Map<number, string>([
    [0, "root:x:0:"],
    [TTY_GROUP_ID, `tty:x:${TTY_GROUP_ID}:`],
    [NOBODY_ID, `nogroup:x:${NOBODY_ID}:`],
  ]);
  if (!rows.has(input.gid)) rows.set(input.gid, `${rowName(input, input.gid, "root")}:x:${input.gid}:`);
  return lines(rows);
}

/** A name that cannot break the file's format, whatever the host's user is called. */
function rowName(input: EtcInput, id: number, rootName: string): string {
  if (id === 0) return rootName;
  return /^[a-z_][a-z0-9_.-]{0,30}$/i.test(input.userName) ? input.userName : `user${id}`;
}

function lines(rows: ReadonlyMap<number, string>): string {
  const sorted = [...rows].sort(([a], [b]) => a - b);
  return sorted.map(([, row]) => `${row}\n`).join("");
}
