import { type StorePath, storePathBaseName } from "@niphas/core";
import { runInContainer } from "./container.ts";

/** What a process sees whose root holds nothing but a published volume. */
export interface InsideView {
  readonly identity: string;
  readonly rootEntries: readonly string[];
  readonly storePaths: readonly string[];
  /** The options of the mount at /nix/store. */
  readonly mountOptions: readonly string[];
  readonly writeError: string;
  readonly otherPathError: string;
}

export interface InsideInit {
  readonly rootDir: string;
  readonly volumeDir: string;
  /** busybox, inside the closure. */
  readonly busybox: string;
  readonly root: StorePath;
  /** A path of the same store outside the closure. */
  readonly other: StorePath;
}

const MARK = "====";

/** Runs the closure's own busybox as the container's program and lets it look around. */
export async function lookInside(init: InsideInit): Promise<InsideView> {
  const busybox = `${init.busybox}/bin/busybox`;
  const questions = [
    "id",
    "ls /",
    "ls -A /nix/store",
    "grep ' /nix/store ' /proc/self/mountinfo",
    `touch ${init.root}/file`,
    `cat ${init.other}`,
  ];
  const script = questions.map((question) => `${busybox} ${question} 2>&1; echo ${MARK}`).join("\n");
  const output = await runInContainer({ ...init, argv: [busybox, "sh", "-c", script], env: {} });
  const [identity = "", root = "", store = "", mount = "", write = "", other = ""] = output.split(`${MARK}`);
  return {
    identity: identity.trim(),
    rootEntries: root.trim().split(/\s+/),
    storePaths: store.trim().split("\n"),
    mountOptions: mount.trim().split(" ")[5]?.split(",") ?? [],
    writeError: write.trim(),
    otherPathError: other.trim(),
  };
}

/** Whether the listing holds each path of the closure and nothing else but Niphas's own two directories. */
export function isExactly(view: InsideView, closure: readonly StorePath[]): boolean {
  const seen = view.storePaths.filter((name) => name !== ".niphas" && name !== ".roots").sort();
  const expected = closure.map(storePathBaseName).sort();
  return JSON.stringify(seen) === JSON.stringify(expected);
}
