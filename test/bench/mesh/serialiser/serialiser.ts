import { join } from "node:path";
import { createLocalStore, freeBytes, type LocalStore } from "@niphas/mesh";
import { openStoreDatabase } from "@niphas/nix";
import { median } from "../../rows.ts";
import { repeat, timeMs } from "../../scenario.ts";
import type { MeshScenario } from "../mesh-scenario.ts";
import { NixDump } from "./nix-dump.ts";
import { makeTrees, type TreeSet } from "./trees.ts";

const MIB = 1024 * 1024;

/**
 * NARs of the same trees, made here and by a process of Nix's for each path, page cache hot. No index is kept between
 * repetitions, so ours walks each tree anew. What counts is the shape that is worst for us.
 */
export const serialiser: MeshScenario = {
  rowIds: ["serialiser"],
  run: async ({ control }) => {
    const { store, sets } = await makeTrees(control);
    const { location } = store;
    using database = closing(openStoreDatabase(location));
    await using ours = createLocalStore({ database }, { store: location, planCacheBytes: 0 });
    const nix = new NixDump({
      rootDir: location.rootDir,
      scratchDir: join(control.directory, "serialiser/nix-scratch"),
    });
    const runOurs = (set: TreeSet): Promise<void> => readAll(ours, set, control.signal);
    const runNix = async (set: TreeSet): Promise<void> => {
      for (const { path } of set.paths) await nix.run(path);
    };
    const samples = new Map(sets.map((set) => [set, { ours: [] as number[], nix: [] as number[] }]));
    // Starts the threads and fills the page cache.
    for (const set of sets) await Promise.all([runOurs(set), runNix(set)]);
    await repeat("serialising", control.repeats(15, 3), control, async () => {
      for (const [set, times] of samples) {
        times.ours.push(speedOf(set, await timeMs(() => runOurs(set))));
        times.nix.push(speedOf(set, await timeMs(() => runNix(set))));
      }
    });
    const compared = [...samples].map(([{ name }, times]) => {
      const nixSpeed = median(times.nix);
      return { name, times, nixSpeed, ratio: median(times.ours) / nixSpeed };
    });
    const [worst] = compared.toSorted((a, b) => a.ratio - b.ratio);
    const peers = compared.flatMap(({ name, times, nixSpeed }) => [
      [name, median(times.ours)] as const,
      [`${name}NixStoreDump`, nixSpeed] as const,
    ]);
    return [
      {
        id: "serialiser",
        samples: worst?.times.ours ?? [],
        peers: Object.fromEntries(peers),
        ratio: worst?.ratio ?? Number.NaN,
      },
    ];
  },
};

async function readAll(store: LocalStore, set: TreeSet, signal: AbortSignal): Promise<void> {
  for (const { path, narSizeBytes } of set.paths) {
    let sizeBytes = 0;
    for await (const chunk of store.nar(path, { start: 0, end: narSizeBytes }, signal)) {
      sizeBytes += chunk.length;
      freeBytes(chunk);
    }
    if (sizeBytes !== narSizeBytes) throw new Error(`the NAR of ${path} has ${sizeBytes} bytes`);
  }
}

/** MiB of NAR in a second. */
function speedOf(set: TreeSet, tookMs: number): number {
  const sizeBytes = set.paths.reduce((sum, { narSizeBytes }) => sum + narSizeBytes, 0);
  return sizeBytes / MIB / (tookMs / 1000);
}

function closing<T extends { close(): void }>(database: T): T & Disposable {
  return Object.assign(database, { [Symbol.dispose]: () => database.close() });
}
