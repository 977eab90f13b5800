import { spawn } from "node:child_process";
import { readlinkSync } from "node:fs";
import { temporaryDirectory } from "@niphas/testing";

const OUTER_NAMESPACE_VARIABLE = "NIPHAS_BENCH_OUTER_MOUNT_NAMESPACE";
const DIRECTORY_VARIABLE = "NIPHAS_BENCH_DIRECTORY";
const FORWARDED_SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
const SIGNAL_EXIT_CODE = 130;

/** The scratch directory of the process that {@link rerunInPrivateNamespace} started; undefined in any other. */
export function privateDirectory(): string | undefined {
  const outer = process.env[OUTER_NAMESPACE_VARIABLE];
  if (outer === undefined || outer === mountNamespace()) return undefined;
  return process.env[DIRECTORY_VARIABLE];
}

/**
 * Runs this very command again where its mounts are seen by nobody else and end with it. The scratch directory belongs
 * to this process, which removes it however the other one ends. Returns the other's exit code.
 */
export async function rerunInPrivateNamespace(): Promise<number> {
  await using directory = temporaryDirectory("bench");
  const command = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  const variables = { [OUTER_NAMESPACE_VARIABLE]: mountNamespace(), [DIRECTORY_VARIABLE]: directory.path };
  const child = spawn("unshare", ["--mount", "--propagation", "private", "--", ...command], {
    stdio: "inherit",
    env: { ...process.env, ...variables },
  });
  // A terminal signals both of us; a signal to this process alone must not leave the other behind.
  for (const signal of FORWARDED_SIGNALS) process.on(signal, () => child.kill(signal));
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  child.once("error", reject).once("exit", (code) => resolve(code ?? SIGNAL_EXIT_CODE));
  return await promise;
}

function mountNamespace(): string {
  return readlinkSync("/proc/self/ns/mnt");
}
