import { type StorePath, storePathBaseName } from "@niphas/core";
import type { Closure } from "../closures/closure-source.ts";
import type { Namespace } from "../kubernetes/namespace.ts";

/** A container that runs from a closure, to be asked what it sees. */
export interface InsideInit {
  readonly namespace: Namespace;
  readonly pod: string;
  readonly container: string;
  /** What the container's /nix/store must hold, and nothing else. */
  readonly closures: readonly Closure[];
  /** A busybox that the container can run. @default the one of the store path */
  readonly busybox: string;
  /** Where the volume is mounted. @default /nix/store */
  readonly mountPath?: string;
  /** Entries of /nix/store beside the closure. @default `.roots` */
  readonly extras?: readonly string[];
}

const MARK = "====";

/**
 * Asks a process in the container itself: /nix/store lists exactly the closure, is one read-only mount without devices
 * and set-user-id programs, and refuses writes. One line for each fault.
 *
 * `nosuid` and `nodev` are no flags of the container's mount: runc sets its flags anew when it binds the volume. They are
 * looked for on the node.
 */
export async function faultsInside(init: InsideInit): Promise<readonly string[]> {
  const { mountPath = "/nix/store", extras = [".roots"] } = init;
  const root = init.closures[0]?.root ?? "";
  const [listing = "", mounts = "", write = "", special = ""] = await askInside(init, [
    "ls -A /nix/store",
    `grep ' ${mountPath} ' /proc/self/mountinfo`,
    `touch ${root}/file`,
    "find /nix/store ( -perm -4000 -o -perm -2000 -o -type b -o -type c )",
  ]);
  const expected = [...new Set([...init.closures.flatMap((each) => each.paths.map(storePathBaseName)), ...extras])];
  const options = mounts.split(" ")[5]?.split(",") ?? [];
  const faults = [
    ...difference(listing.split("\n"), expected),
    ...(mounts.split("\n").length === 1 ? [] : [`not one mount at ${mountPath}: ${mounts}`]),
    ...(options.includes("ro") ? [] : [`${mountPath} is not read-only: ${options.join()}`]),
    ...(special === "" ? [] : [`devices or set-user-id programs: ${special}`]),
    ...(/read-only file system/i.test(write) ? [] : [`a write was not refused: ${write}`]),
  ];
  return faults.map((fault) => `${init.pod}/${init.container}: ${fault}`);
}

/** Entries that are there and should not be, and the other way round. */
export function difference(found: readonly string[], expected: readonly string[]): readonly string[] {
  return [
    ...found.filter((name) => !expected.includes(name)).map((name) => `foreign: ${name}`),
    ...expected.filter((name) => !found.includes(name)).map((name) => `missing: ${name}`),
  ];
}

/** Busybox in a closure. */
export function busyboxIn(path: StorePath): string {
  return `${path}/bin/busybox`;
}

/** For the shell; parentheses are words of find here. */
function quoted(question: string): string {
  return question.replace(/[()]/g, "\\$&");
}

/** Answers of busybox's commands, standard error included. */
async function askInside(init: InsideInit, questions: readonly string[]): Promise<readonly string[]> {
  const script = questions.map((each) => `${init.busybox} ${quoted(each)} 2>&1; echo ${MARK}`).join("; ");
  const { stdout, stderr, exitCode } = await init.namespace.exec(
    init.pod,
    [init.busybox, "sh", "-c", script],
    init.container,
  );
  if (exitCode !== 0) throw new Error(`${init.pod}/${init.container}: exec ended with ${exitCode}: ${stderr}`);
  return stdout.split(`${MARK}\n`).map((answer) => answer.trim());
}
