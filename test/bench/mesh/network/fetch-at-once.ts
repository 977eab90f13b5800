import type { StorePath } from "@niphas/core";
import type { MeshNode, Realisation, RealiseOptions } from "../../../mesh/network/index.ts";

/**
 * Has all nodes fetch a closure, beginning in the same moment.
 * @param meanwhile started in that moment, too, and waited for
 * @returns when the last node had it
 */
export async function fetchAtOnce(
  nodes: readonly MeshNode[],
  root: StorePath,
  options: RealiseOptions,
  meanwhile: () => Promise<void> = async () => undefined,
): Promise<{ readonly lastMs: number }> {
  await using stack = new AsyncDisposableStack();
  const ready: Realisation[] = [];
  // One after the other: Node.js starting everywhere at once would take as long, and the last might begin cold.
  for (const node of nodes) ready.push(stack.use(await node.prepareRealise(root, options)));
  const startedAtMs = performance.now();
  const [lastMs] = await Promise.all([runAll(ready, startedAtMs, options.signal), meanwhile()]);
  return { lastMs };
}

async function runAll(ready: readonly Realisation[], startedAtMs: number, signal: AbortSignal): Promise<number> {
  await Promise.all(ready.map((realisation) => realisation.run(signal)));
  return performance.now() - startedAtMs;
}
