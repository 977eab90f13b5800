import { runCommand } from "@niphas/testing";

/** Packages are downloaded in this time. */
const TIMEOUT_MS = 20 * 60_000;
const SHOWN_CHARACTERS = 4000;

/** Runs a tool to its end and returns its standard output; the end of what it printed is in the error. */
export async function runTool(argv: readonly string[], signal: AbortSignal, cwd?: string): Promise<string> {
  const options = { signal, timeoutMs: TIMEOUT_MS, env: process.env, allowFailure: true };
  const result = await runCommand(argv, cwd === undefined ? options : { ...options, cwd });
  signal.throwIfAborted();
  if (result.exitCode === 0) return result.stdout;
  const output = `${result.stdout}\n${result.stderr}`.trim().slice(-SHOWN_CHARACTERS);
  throw new Error(`${argv.slice(0, 2).join(" ")} ended with ${result.exitCode}:\n${output}`);
}
