import type { NiphasError } from "@niphas/core";
import {
  createRealiser,
  HttpNeighbours,
  type MeshLoss,
  NixRunner,
  type PatienceInit,
  type RealiseProgress,
} from "@niphas/nix";
import type { ClosureOptions } from "@niphas/testing";
import { nodeStore } from "../nix/node-store.ts";
import { nixProcesses } from "../nix/processes-of-store.ts";

/** Remembers which substituters each process of Nix was given. */
class RecordingRunner extends NixRunner {
  readonly given: (readonly string[])[] = [];

  override async run(...[program, request]: Parameters<NixRunner["run"]>) {
    if (request.substituters !== undefined) this.given.push(request.substituters);
    return await super.run(program, request);
  }
}

export type NeighboursRig = Awaited<ReturnType<typeof neighboursRig>>;

/** A node with a cache that has a closure, to be realised through any mesh. */
export async function neighboursRig(closureOptions: Partial<ClosureOptions> = {}) {
  const stack = new AsyncDisposableStack();
  const node = stack.use(await nodeStore());
  const closure = await node.source.addClosure({ name: "app", pathCount: 6, fileCount: 30, ...closureOptions });
  await node.publish(closure.root);
  const nix = new RecordingRunner(node.settings);
  const lost: string[] = [];
  const progress: RealiseProgress[] = [];
  const losses: MeshLoss[] = [];
  const give = async (neighbours?: HttpNeighbours): Promise<void> => {
    const realiser = createRealiser({ nix, database: node.database, neighbours }, { onNeighboursLost });
    const signal = AbortSignal.timeout(240_000);
    await realiser.realise([closure.root], { signal, onProgress: (each) => progress.push(each) });
    await realiser.stop();
  };
  const onNeighboursLost = (reason: NiphasError, loss: MeshLoss): void => {
    lost.push(reason.message);
    losses.push(loss);
  };
  return {
    node,
    closure,
    /** Why the mesh was given up. */
    lost,
    losses,
    progress,
    /** @param patience endless where the test is about something else than time; liars have little credit, to end soon */
    realise: async (meshUrl: string, patience: PatienceInit = {}): Promise<void> => {
      await give(new HttpNeighbours({ url: meshUrl, patience: { creditMs: 500, ...patience } }));
    },
    /** With a mesh and all the patience of the node plugin, or without any. */
    realiseAsPlugin: async (meshUrl?: string): Promise<void> => {
      await give(meshUrl === undefined ? undefined : new HttpNeighbours({ url: meshUrl }));
    },
    /** What each process of Nix was given: with the mesh or without. */
    starts: (meshUrl: string) => nix.given.map((urls) => (urls.includes(meshUrl) ? "with the mesh" : "without")),
    pathCount: () => node.database.closureSize([closure.root]).pathCount,
    leftovers: () => nixProcesses(node.settings.store.rootDir),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}
