import { lstatSync, readdirSync, realpathSync, rmdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { NiphasError, systemErrorCode } from "@niphas/core";
import type { Mounter } from "@niphas/views";
import { runTool } from "../tools/run-tool.ts";

/** What the plugin makes in its state directory, and the mesh daemon's own; docs/interfaces.md. Nothing else is touched. */
const CONTENTS = ["views", "cache", "quarantine", "mesh", "store", "boot.json"];
/** Who asks for the store to stay also wants to know which of its paths are on disk: that is in boot.json. */
const CONTENTS_BESIDE_STORE = [
  "views",
  "cache",
  "quarantine",
  "mesh",
  "store/nix/var/nix/gcroots/niphas",
  "store/nix/var/nix/gcroots/niphas-keep",
];
const LOCK_FILES = ["lock.sqlite", "lock.sqlite-journal"];

const DELETE_TIMEOUT_MS = 3_600_000;
const MAX_NAMED = 10;

/** The state directory with links resolved; undefined when there is none. */
export function findStateDir(stateDir: string): string | undefined {
  try {
    return realpathSync(stateDir);
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

/**
 * What is to be deleted, as far as it is there. A link in the place of a directory is only the link, and what lies
 * behind one is not reached.
 * @throws NiphasError InvalidConfiguration when no plugin has worked there: a wrong path must not cost anybody's files
 */
export function contentsToDelete(stateDir: string, { keepStore }: { readonly keepStore: boolean }): readonly string[] {
  const names = keepStore ? CONTENTS_BESIDE_STORE : CONTENTS;
  const paths = names.map((name) => join(stateDir, name)).filter((path) => isThere(path) && isReachedPlainly(path));
  if (paths.length > 0 && !isThere(join(stateDir, "lock.sqlite"))) {
    const message = `${stateDir} has no lock.sqlite, so it is not a state directory of niphas csi: nothing was deleted`;
    throw new NiphasError("InvalidConfiguration", message);
  }
  return paths;
}

/** Deletes files and directories with all that is in them; links are not followed, other file systems not entered. */
export async function deleteAll(paths: readonly string[], signal: AbortSignal): Promise<void> {
  if (paths.length === 0) return;
  // GNU rm: a store can have millions of files, with names that are no text.
  const args = ["-rf", "--one-file-system", "--", ...paths];
  const result = await runTool("rm", args, { signal, timeoutMs: DELETE_TIMEOUT_MS });
  if (result.outcome === "exited" && result.exitCode === 0) return;
  if (result.outcome === "cancelled") throw new NiphasError("Cancelled", "cut off while deleting: run it again");
  const reason = result.outcome === "exited" ? (result.text.split("\n")[0] ?? "") : result.outcome;
  throw new NiphasError("CommandFailed", `not everything could be deleted: ${reason}`);
}

/**
 * Removes the lock's files, which must come last, and the directory itself. The lock is still held: a plugin that comes
 * now is refused, or makes a lock of its own, which then is in the way.
 * @returns what is left of it, for people
 */
export async function removeStateDir(stateDir: string, mounter: Mounter, signal: AbortSignal): Promise<string> {
  await deleteAll(
    LOCK_FILES.map((name) => join(stateDir, name)),
    signal,
  );
  const foreign = readdirSync(stateDir).slice(0, MAX_NAMED);
  if (foreign.length > 0) return `${stateDir} stays, since it holds what is not the plugin's: ${foreign.join(", ")}`;
  // As in a pod, where removing it fails in more ways than one.
  if (mounter.isMountPoint(stateDir)) return `${stateDir} emptied; it is a mount point and stays`;
  rmdirSync(stateDir);
  return `${stateDir} removed`;
}

function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

function isReachedPlainly(path: string): boolean {
  return realpathSync(dirname(path)) === dirname(path);
}
