import { runCommand } from "@niphas/testing";

/** The commit of the sources, with `-dirty` when they differ from it; `unknown` outside a Git checkout. */
export async function sourceRevision(repository: string, signal: AbortSignal): Promise<string> {
  const argv = ["git", "-C", repository, "describe", "--always", "--abbrev=40", "--dirty", "--exclude=*"];
  const result = await runCommand(argv, { signal, env: process.env, allowFailure: true }).catch(() => undefined);
  signal.throwIfAborted();
  return result?.exitCode === 0 ? result.stdout.trim() : "unknown";
}
