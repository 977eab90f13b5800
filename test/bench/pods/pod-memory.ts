import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { storePathBaseName } from "@niphas/core";
import type { ClusterNode } from "../../cluster/index.ts";
import type { Closure } from "../../e2e/closures/closure-source.ts";
import { median } from "../rows.ts";
import { repeat } from "../scenario.ts";
import type { PodsContext } from "./context.ts";
import { processesOf, readProcessFile, sizeField } from "./node-processes.ts";
import { cachedBytes, dropCached, filesBelow } from "./page-cache.ts";
import { PodCrowd } from "./pod-crowd.ts";
import type { PodScenario } from "./pod-scenario.ts";
import { SIDES, type Side } from "./sides.ts";

const PODS = 20;
const SETTLE_MS = 2000;
const MIB = 2 ** 20;
const STATE_DIR = "/var/lib/niphas";
const SNAPSHOTS = "/var/lib/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots";

/**
 * What twenty pods of one program hold in memory: what is private to their processes, and the cached pages of the
 * files behind them, each inode once. A page of a file that is mapped counts as cached and not again for the processes.
 */
export const podMemory: PodScenario = {
  rowIds: ["pod-memory"],
  run: async (context) => {
    const { control, node, closure } = context;
    const files: Readonly<Record<Side, readonly string[]>> = {
      niphas: closureFiles(node, closure),
      oci: imageFiles(node, closure),
    };
    const parts: Record<Side, MemoryParts[]> = { niphas: [], oci: [] };
    await repeat("memory of 20 pods", control.repeats(5, 1), control, async () => {
      for (const side of SIDES) parts[side].push(await memoryOf(context, side, files[side]));
    });
    const [ours, oci] = [total(parts.niphas), total(parts.oci)];
    const peers = {
      oci: median(oci),
      oursCache: median(parts.niphas.map((each) => each.cacheMib)),
      ociCache: median(parts.oci.map((each) => each.cacheMib)),
    };
    return [{ id: "pod-memory", samples: ours, peers, ratio: median(ours) / peers.oci }];
  },
};

interface MemoryParts {
  readonly privateMib: number;
  readonly cacheMib: number;
}

async function memoryOf(context: PodsContext, side: Side, files: readonly string[]): Promise<MemoryParts> {
  const { node, control } = context;
  await dropCached(files);
  await using crowd = await PodCrowd.start(context, side, PODS);
  await sleep(SETTLE_MS, undefined, { signal: control.signal });
  const rollups = processesOf(node, crowd.containerIds).map((pid) => readProcessFile(node, pid, "smaps_rollup"));
  if (rollups.length < PODS) throw new Error(`only ${rollups.length} processes of ${PODS} pods were found`);
  const privateBytes = rollups.reduce(
    (sum, text) => sum + sizeField(text, "Pss_Anon") + sizeField(text, "Pss_Shmem"),
    0,
  );
  return { privateMib: privateBytes / MIB, cacheMib: (await cachedBytes(files)) / MIB };
}

function total(parts: readonly MemoryParts[]): readonly number[] {
  return parts.map(({ privateMib, cacheMib }) => privateMib + cacheMib);
}

/** The closure's files in the node's store, and the images that show them. */
function closureFiles(node: ClusterNode, { paths }: Closure): readonly string[] {
  const storeDir = node.hostPath(join(STATE_DIR, "store/nix/store"));
  const viewsDir = node.hostPath(join(STATE_DIR, "views"));
  const images = readdirSync(viewsDir).map((name) => join(viewsDir, name, "image.cfs"));
  return [...paths.flatMap((path) => filesIn(join(storeDir, storePathBaseName(path)))), ...images.filter(existsSync)];
}

/** The same files in the snapshot of the image's only layer. */
function imageFiles(node: ClusterNode, { root, paths }: Closure): readonly string[] {
  const snapshots = node.hostPath(SNAPSHOTS);
  const layer = readdirSync(snapshots)
    .map((name) => join(snapshots, name, "fs/nix/store"))
    .find((directory) => existsSync(join(directory, storePathBaseName(root))));
  if (layer === undefined) throw new Error("the image's files were not found in containerd's snapshots");
  return paths.flatMap((path) => filesIn(join(layer, storePathBaseName(path))));
}

/** A store path may be one file. */
function filesIn(path: string): readonly string[] {
  return existsSync(join(path, ".")) ? filesBelow(path) : [path];
}
