import { NiphasError } from "@niphas/core";
import { runProcess } from "../process/run-process.ts";

const SYNC_TIMEOUT_MS = 10 * 60 * 1000;

/**
 * Waits until everything written so far to the file system that holds `dir` is
 * on disk: syncfs(2), by coreutils' `sync`, since Node.js has no call for it.
 * @throws NiphasError CommandFailed, Cancelled
 */
export async function syncFileSystem(dir: string, signal: AbortSignal): Promise<void> {
  const result = await runProcess({
    command: "sync",
    args: ["-f", "--", dir],
    environment: { PATH: process.env["PATH"] ?? "" },
    signal,
    timeoutMs: SYNC_TIMEOUT_MS,
  });
  if (result.outcome === "cancelled") throw new NiphasError("Cancelled", "syncing was cancelled");
  if (result.exitCode !== 0) {
    throw new NiphasError("CommandFailed", "sync -f failed", { cause: result.stderrLines });
  }
}
