/**
 * `npm run e2e -- [--story core|chaos|mesh|all] [--filter TEXT] [--keep] [--json FILE] [--name NAME]`
 *
 * Brings a cluster up, runs the stories inside its control network (where nodes and pods reach what this process
 * serves), and takes the cluster down, however they end. Exit code 0 only if everything passed.
 */
import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Cluster } from "../cluster/index.ts";
import { ConsoleProgress } from "./framework/console-progress.ts";
import { resultsJson } from "./framework/results.ts";
import { type E2eOptions, OUTER_PID_VARIABLE, parseOptions, USAGE, UsageError } from "./options.ts";
import { wantedStories } from "./stories.ts";

const NODES = 3;
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
const INNER = fileURLToPath(new URL("run-stories.ts", import.meta.url));

/** @returns the exit code */
async function main(argv: readonly string[]): Promise<number> {
  if (argv.includes("--help")) {
    process.stdout.write(`${USAGE}\n`);
    return 0;
  }
  const options = parseOptions(argv);
  wantedStories(options);
  if (options.jsonFile !== undefined) writeFileSync(options.jsonFile, resultsJson([]));
  if (process.getuid?.() !== 0) throw new UsageError("the cluster needs namespaces and mounts: run it as root");
  const stop = new AbortController();
  for (const signal of SIGNALS) process.once(signal, () => stop.abort(new Error(`stopped by ${signal}`)));
  process.stdout.on("error", () => stop.abort(new Error("nobody reads the output")));
  const progress = new ConsoleProgress();
  progress.line(`cluster ${options.name} with ${NODES} nodes`);
  try {
    const cluster = await progress.step("it is up", () => clusterUp(options, progress, stop.signal));
    return await runInside(cluster, argv, stop.signal);
  } finally {
    if (options.isKept) progress.line(`the cluster is kept: npm run cluster -- down --name ${options.name}`);
    else await progress.step("it is down", () => Cluster.remove({ name: options.name }));
  }
}

async function clusterUp({ name }: E2eOptions, progress: ConsoleProgress, signal: AbortSignal): Promise<Cluster> {
  return Cluster.up({ name, nodes: NODES, signal, onProgress: (text) => progress.note(text) });
}

/** Runs this process's second half where the nodes can reach it. It ends when its standard input does: never after us. */
async function runInside(cluster: Cluster, argv: readonly string[], signal: AbortSignal): Promise<number> {
  signal.throwIfAborted();
  const [program = "", ...args] = cluster.controlNetworkCommand([process.execPath, INNER, ...argv]);
  // Goes away with the cluster, also when this process or that one is killed.
  const temporaryDir = join(dirname(cluster.kubeconfigFile), "tmp");
  mkdirSync(temporaryDir);
  const env = { ...process.env, TMPDIR: temporaryDir, [OUTER_PID_VARIABLE]: String(process.pid) };
  const child = spawn(program, args, { env, stdio: ["pipe", "inherit", "inherit"], detached: true });
  signal.addEventListener("abort", () => child.stdin?.end(), { once: true });
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  child.once("error", reject).once("exit", (code) => resolve(code ?? 1));
  return promise;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const isUsage = error instanceof UsageError;
  process.stderr.write(`e2e: ${error instanceof Error ? (isUsage ? error.message : error.stack) : String(error)}\n`);
  process.exitCode = isUsage ? 2 : 1;
}
