import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { NiphasError } from "@niphas/core";
import { killGroup } from "@niphas/testing";
import { Cluster } from "../cluster.ts";
import type { ClusterNode } from "../node/cluster-node.ts";
import { formatStatus, isHealthy } from "../state/cluster-status.ts";
import type { CommandContext } from "./context.ts";
import { type CliOptions, type CommandName, UsageError } from "./options.ts";
import { selfTestCommand } from "./self-test-command.ts";

type Command = (options: CliOptions, context: CommandContext) => Promise<number>;

const KUBERNETES_SCRIPT = join(import.meta.dirname, "../../../scripts/kubernetes-binary.sh");

/** Each returns the exit code. */
export const COMMAND_TABLE: Readonly<Record<CommandName, Command>> = {
  up,
  down: async (options, { report, signal }) => {
    await Cluster.remove({ ...options, onProgress: report }, signal);
    report(`cluster ${options.name} is removed`);
    return 0;
  },
  status: async (options, { print }) => {
    const status = (await Cluster.attach(options)).status();
    print(options.isJson ? JSON.stringify(status, null, 2) : formatStatus(status));
    return isHealthy(status) ? 0 : 1;
  },
  kubeconfig: async (options, { print }) => {
    print(readFileSync((await Cluster.attach(options)).kubeconfigFile, "utf8").trimEnd());
    return 0;
  },
  kubectl: async (options, { signal }) => {
    const cluster = await Cluster.attach(options);
    return runInForeground(cluster.kubectlCommand(options.rest), cluster.kubectlEnvironment, signal);
  },
  "node-exec": async (options, { signal }) => {
    const [name = "", ...argv] = options.rest;
    const node = findNode(await Cluster.attach(options), name);
    if (argv.length === 0) throw new UsageError("node-exec NODE -- COMMAND...");
    return runInForeground(node.command(argv), node.environment, signal);
  },
  "self-test": selfTestCommand,
  "load-image": async (options, { report, signal }) => {
    const [file = "", ...others] = options.rest;
    if (file === "" || others.length > 0) throw new UsageError("load-image FILE [--node NODE]...");
    const cluster = await Cluster.attach(options);
    const nodes = options.onNodes.map((name) => findNode(cluster, name));
    await cluster.loadImage(file, nodes.length === 0 ? { signal } : { nodes, signal });
    report(`${file} is on ${(nodes.length === 0 ? cluster.nodes : nodes).map(({ name }) => name).join(", ")}`);
    return 0;
  },
};

async function up(options: CliOptions, { report, signal }: CommandContext): Promise<number> {
  const { kubernetes } = options;
  const kubernetesBinary =
    kubernetes === undefined ? {} : { kubernetesBinary: await buildKubernetes(kubernetes, signal) };
  const cluster = await Cluster.up({ ...options, ...kubernetesBinary, signal, onProgress: report });
  report(`cluster ${cluster.name} is up; export KUBECONFIG=${cluster.kubeconfigFile}`);
  return 0;
}

async function buildKubernetes(version: string, signal: AbortSignal): Promise<string> {
  const child = spawn(KUBERNETES_SCRIPT, [version], { stdio: ["ignore", "pipe", "inherit"], detached: true });
  // The compiler too, which would go on for minutes.
  const stop = (): void => killGroup(child, "SIGTERM");
  signal.addEventListener("abort", stop, { once: true });
  const { promise, resolve, reject } = Promise.withResolvers<number | null>();
  child.once("error", reject).once("close", resolve);
  const [file, exitCode] = await Promise.all([text(child.stdout), promise]);
  signal.removeEventListener("abort", stop);
  signal.throwIfAborted();
  if (exitCode === 0) return file.trim();
  throw new NiphasError("InvalidConfiguration", `Kubernetes ${version} cannot be had; see above`);
}

function findNode(cluster: Cluster, name: string): ClusterNode {
  const node = cluster.nodes.find((each) => each.name === name);
  if (node !== undefined) return node;
  const names = cluster.nodes.map((each) => each.name).join(", ");
  throw new NiphasError("PathNotFound", `cluster ${cluster.name} has no node ${name}; there are: ${names || "none"}`);
}

/** With our own terminal, input and output. */
async function runInForeground(argv: readonly string[], env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<number> {
  const [program = "", ...args] = argv;
  const child = spawn(program, args, { stdio: "inherit", env, signal, killSignal: "SIGTERM" });
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  child.once("error", reject).once("exit", (code) => resolve(code ?? 1));
  return await promise;
}
