import { join } from "node:path";
import type { MeshNode } from "../../../mesh/network/index.ts";
import { HEALTH_URL } from "./mesh-side.ts";

const ASK_TEXT = join(import.meta.dirname, "ask-text.ts");

/** The value of a metric without labels of the daemon at a node. */
export async function daemonMetric(node: MeshNode, name: string, signal: AbortSignal): Promise<number> {
  const { stdout } = await node.run([process.execPath, ASK_TEXT, `${HEALTH_URL}/metrics`], { signal });
  const value = stdout.split("\n").find((line) => line.startsWith(`${name} `));
  if (value === undefined) throw new Error(`the mesh daemon of ${node.name} has no metric ${name}`);
  return Number(value.slice(name.length + 1));
}
