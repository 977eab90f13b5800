import type { ClusterNode } from "../../cluster/index.ts";

/** A container as the node's runtime tells of it. */
export interface RuntimeContainer {
  readonly id: string;
  readonly isRunning: boolean;
  /** `<namespace>/<pod>` */
  readonly pod: string;
  readonly container: string;
}

const KUBERNETES_NAMESPACE = "k8s.io";

/** All containers, running or not. */
export async function containersOf(node: ClusterNode): Promise<readonly RuntimeContainer[]> {
  const { stdout } = await node.exec(["crictl", "ps"], { check: true });
  return lines(stdout).map(([id = "", state = "", pod = "", container = ""]) => ({
    id,
    pod,
    container,
    isRunning: state === "CONTAINER_RUNNING",
  }));
}

/** Id of a pod's sandbox that is ready. */
export async function sandboxOf(node: ClusterNode, pod: string): Promise<string> {
  const { stdout } = await node.exec(["crictl", "pods"], { check: true });
  const found = lines(stdout).find(([, state, name]) => state === "SANDBOX_READY" && name === pod);
  if (found?.[0] === undefined) throw new Error(`${pod} has no sandbox on ${node.name}`);
  return found[0];
}

/** First process of a container, by the node's own numbers. */
export async function processOf(node: ClusterNode, id: string): Promise<number> {
  const { stdout } = await node.exec(["ctr", "--namespace", KUBERNETES_NAMESPACE, "task", "list"], { check: true });
  const pid = Number(lines(stdout).find(([task]) => task === id)?.[1]);
  if (!Number.isInteger(pid)) throw new Error(`container ${id} does not run on ${node.name}`);
  return pid;
}

/** The running container of this name. There is one: those of other pods are named otherwise. */
export async function runningContainer(
  node: ClusterNode,
  name: string,
): Promise<{ readonly id: string; readonly pid: number }> {
  const container = (await containersOf(node)).find((each) => each.isRunning && each.container === name);
  if (container === undefined) throw new Error(`no container ${name} runs on ${node.name}`);
  return { id: container.id, pid: await processOf(node, container.id) };
}

/** Signals a container's first process, not its children. */
export async function signalContainer(
  node: ClusterNode,
  name: string,
  signal: "KILL" | "STOP" | "CONT",
): Promise<void> {
  const { pid } = await runningContainer(node, name);
  await node.exec(["kill", `-${signal}`, String(pid)], { check: true });
}

export async function crictl(node: ClusterNode, ...argv: readonly string[]): Promise<void> {
  await node.exec(["crictl", ...argv], { check: true });
}

function lines(text: string): readonly (readonly string[])[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => line.trim().split(/\s+/));
}
