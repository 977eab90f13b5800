import { NiphasError, type StorePath } from "@niphas/core";
import type { NixRunner } from "../process/nix-runner.ts";

/** What became of a path that was looked at. */
export type PathVerdict = "intact" | "repaired" | "damaged";

const BATCH_SIZE = 32;
const VERIFY_TIMEOUT_MS = 30 * 60 * 1000;

/**
 * Has Nix hash the paths' files again, and fetch anew what does not match its
 * row. Calls `onVerdict` for each path as it becomes known.
 * @throws NiphasError Cancelled, CommandFailed
 */
export async function verifyPaths(
  nix: NixRunner,
  paths: readonly StorePath[],
  options: { readonly signal: AbortSignal; readonly onVerdict: (path: StorePath, verdict: PathVerdict) => void },
): Promise<void> {
  for (let start = 0; start < paths.length; start += BATCH_SIZE) {
    const batch = paths.slice(start, start + BATCH_SIZE);
    // Nix stops at the first missing file: one by one only when something is wrong.
    const isIntact = await verify(nix, batch, options.signal);
    for (const path of batch) {
      options.onVerdict(path, isIntact ? "intact" : await verifyOne(nix, path, options.signal));
    }
  }
}

async function verifyOne(nix: NixRunner, path: StorePath, signal: AbortSignal): Promise<PathVerdict> {
  if (await verify(nix, [path], signal)) return "intact";
  await run(nix, "--repair-path", [path], signal);
  return (await verify(nix, [path], signal)) ? "repaired" : "damaged";
}

function verify(nix: NixRunner, paths: readonly StorePath[], signal: AbortSignal): Promise<boolean> {
  return run(nix, "--verify-path", paths, signal);
}

async function run(
  nix: NixRunner,
  operation: "--verify-path" | "--repair-path",
  paths: readonly StorePath[],
  signal: AbortSignal,
): Promise<boolean> {
  // Without local builds: a path that no substituter has stays damaged, it is not made anew.
  const args = [operation, "--option", "max-jobs", "0", "--", ...paths];
  const result = await nix.run("nix-store", { args, signal, timeoutMs: VERIFY_TIMEOUT_MS });
  if (result.outcome === "cancelled") throw new NiphasError("Cancelled", "verification was cancelled");
  return result.outcome === "exited" && result.exitCode === 0;
}
