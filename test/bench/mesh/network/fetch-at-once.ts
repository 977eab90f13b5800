import type { StorePath } from "@niphas/core";
import type { MeshNode, Realisation, RealiseOptions } from "../../../mesh/network/index.ts";

/** How one of the nodes has got it. */
export interface FetchedByNode {
  readonly name: string;
  readonly elapsedMs: number;
  /** Why it went on without the mesh, if it did. */
  readonly meshLost: string | undefined;
}

export interface FetchedAtOnce {
  /** When the last node had it. */
  readonly lastMs: number;
  readonly nodes: readonly FetchedByNode[];
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
  const ready: [MeshNode, Realisation][] = [];
  // One after the other: Node.js starting everywhere at once would take as long, and the last might begin cold.
  for (const node of nodes) ready.push([node, stack.use(await node.prepareRealise(root, options))]);
  const startedAtMs = performance.now();
  const [fetched] = await Promise.all([runAll(ready, startedAtMs, options.signal), meanwhile()]);
  return fetched;
}

/** One line for each node that gave the mesh up. */
export function describeLost({ nodes }: FetchedAtOnce): readonly string[] {
  return nodes.flatMap(({ name, elapsedMs, meshLost }) =>
    meshLost === undefined ? [] : `${name} gave the mesh up and took ${elapsedMs.toFixed(0)} ms: ${meshLost}`,
  );
}

async function runAll(
  ready: readonly (readonly [MeshNode, Realisation])[],
  startedAtMs: number,
  signal: AbortSignal,
): Promise<FetchedAtOnce> {
  const run = async ([{ name }, realisation]: readonly [MeshNode, Realisation]): Promise<FetchedByNode> => {
    const { elapsedMs, meshLost } = await realisation.run(signal);
    return { name, elapsedMs, meshLost };
  };
  const nodes = await Promise.all(ready.map(run));
  return { lastMs: performance.now() - startedAtMs, nodes };
}
