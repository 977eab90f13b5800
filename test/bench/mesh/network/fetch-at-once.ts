import type { StorePath } from "@niphas/core";
import type { MeshNode, Realisation, RealiseOptions } from "../../../mesh/network/index.ts";

export interface FetchedAtOnce {
  /** When the last node had it. */
  readonly lastMs: number;
  /** Why nodes gave the mesh up, one reason each. */
  readonly meshLost: readonly string[];
}

/**
 * Has all nodes fetch a closure, beginning in the same moment.
 * @param meanwhile started in that moment, too, and waited for
 */
export async function fetchAtOnce(
  nodes: readonly MeshNode[],
  root: StorePath,
  options: RealiseOptions,
  meanwhile: () => Promise<void> = async () => undefined,
): Promise<FetchedAtOnce> {
  await using stack = new AsyncDisposableStack();
  const ready: Realisation[] = [];
  // One after the other: Node.js starting everywhere at once would take as long, and the last might begin cold.
  for (const node of nodes) ready.push(stack.use(await node.prepareRealise(root, options)));
  const startedAtMs = performance.now();
  const [fetched] = await Promise.all([runAll(ready, startedAtMs, options.signal), meanwhile()]);
  return fetched;
}

async function runAll(ready: readonly Realisation[], startedAtMs: number, signal: AbortSignal): Promise<FetchedAtOnce> {
  const results = await Promise.all(ready.map((realisation) => realisation.run(signal)));
  const lastMs = performance.now() - startedAtMs;
  return { lastMs, meshLost: results.flatMap(({ meshLost }) => meshLost ?? []) };
}
