import { readMountTable } from "@niphas/testing";
import type { ClusterNode } from "../../cluster/index.ts";
import { readNodeState } from "../oracles/node-state.ts";
import type { CaseContext } from "./context.ts";
import { SYSTEM_NAMESPACE } from "./helm-release.ts";

const LOG_LINES = 40;

/** Everything that a person would look at first, as one text. */
export async function diagnose({ namespace, kubectl, cluster }: CaseContext): Promise<string> {
  const ask = async (...argv: readonly string[]): Promise<string> => {
    const { stdout, stderr } = await kubectl.attempt(argv);
    return `$ kubectl ${argv.join(" ")}\n${stdout}${stderr}`;
  };
  const system = ["--namespace", SYSTEM_NAMESPACE];
  const parts = [
    await ask("--namespace", namespace.name, "get", "all", "--output", "wide"),
    await ask("--namespace", namespace.name, "describe", "pods"),
    await ask(
      "--namespace",
      namespace.name,
      "logs",
      "--all-containers",
      "--prefix",
      "--selector",
      "!none",
      "--tail=20",
    ),
    await ask("get", "nodes"),
    await ask(...system, "get", "pods", "--output", "wide"),
    await ask(...system, "logs", "--selector", "app.kubernetes.io/name=niphas", "--prefix", `--tail=${LOG_LINES}`),
    ...cluster.nodes.map(describeNode),
  ];
  return parts.join("\n");
}

function describeNode(node: ClusterNode): string {
  try {
    const state = readNodeState(node);
    const mounts = readMountTable(node.pid)
      .filter((entry) => /niphas|kubernetes\.io~csi/.test(`${entry.mountPoint} ${entry.source}`))
      .map((entry) => `  ${entry.mountPoint} ${entry.fileSystemType} ${entry.options.join(",")} ${entry.root}`);
    return `${node.name}: ${JSON.stringify(state, null, 2)}\n${mounts.join("\n")}`;
  } catch (error) {
    return `${node.name}: ${String(error)}`;
  }
}
