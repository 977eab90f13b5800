import { DOWNLOAD_LIMITS, Extents, type PathHash } from "@niphas/mesh";
import { Download } from "../nodes/download.ts";
import type { SimulatedNode } from "../nodes/simulated-node.ts";
import { DEFAULT_SPEED, World } from "../world.ts";

const MIB = 2 ** 20;
/** Any path: its shard and keepers follow from it. */
export const SPREAD_PATH = "0c5a4zjwb2m5w1ymgzshj0kkz3r1vi8g" as PathHash;
/** For discovery to hear of the seed. */
const WARM_UP_MS = 5000;
const LIMIT_MS = 3_600_000;
const PROGRESS_MS = 10_000;

export interface SpreadInit {
  /** With the seed. */
  readonly nodeCount: number;
  readonly seed: number;
  /** @default 1 GiB */
  readonly sizeBytes?: number;
  /** A multiple of the daemon's, which it is if not given: all of its sizes grow with it. */
  readonly rangeBytes?: number;
  /** @default 1 */
  readonly zoneCount?: number;
  /** Called every 10 s of the time that is simulated. @default nobody is told */
  readonly onProgress?: (simulatedMs: number, finishedCount: number) => void;
  /** Called when the downloads begin. */
  readonly disturb?: (world: World) => void;
}

export interface SpreadResult {
  readonly nodeCount: number;
  readonly seed: number;
  readonly sizeBytes: number;
  readonly rangeBytes: number;
  readonly finishedCount: number;
  /** From the start of the downloads to the last byte of the last node. */
  readonly makespanMs: number;
  /** How often one copy could have gone over one link in that time: log N for a tree of whole copies. */
  readonly rounds: number;
  readonly uploadedBytes: { readonly median: number; readonly max: number };
  /** What the busiest node sent against the median. */
  readonly uploadRatio: number;
  readonly eventCount: number;
  readonly questionCount: number;
}

/** One node holds a NAR; all others want it at once. */
export async function spread(init: SpreadInit): Promise<SpreadResult> {
  const { nodeCount, seed, zoneCount = 1, sizeBytes = 1024 * MIB, rangeBytes = DOWNLOAD_LIMITS.rangeBytes } = init;
  // Everything is computed in units of so many bytes.
  const unitBytes = rangeBytes / DOWNLOAD_LIMITS.rangeBytes;
  const sizeUnits = Math.ceil(sizeBytes / unitBytes);
  const unitsPerMs = DEFAULT_SPEED.upBytesPerMs / unitBytes;
  const speed = { upBytesPerMs: unitsPerMs, downBytesPerMs: unitsPerMs };
  await using world = new World({ nodeCount, seed, zoneCount, speed, sizeBytes: sizeUnits });
  const first = world.at(0);
  const whole = new Extents();
  whole.add({ start: 0, end: sizeUnits });
  first.holds(() => whole);
  first.paths.add(SPREAD_PATH);
  await world.time.pass(WARM_UP_MS);

  const startedAtMs = world.time.nowMs();
  const wanting = world.nodes.slice(1);
  const finished = new Set<SimulatedNode>();
  for (const node of wanting) {
    const onDone = (): void => {
      finished.add(node);
    };
    new Download(world, { node, path: SPREAD_PATH, sizeBytes: sizeUnits, onDone }).start();
  }
  const report = (): void => {
    init.onProgress?.(world.time.nowMs() - startedAtMs, finished.size);
    world.time.after(PROGRESS_MS, report);
  };
  world.time.after(PROGRESS_MS, report);
  init.disturb?.(world);
  const left = new Set(wanting);
  const isOver = (): boolean => {
    // Most of the time the first one is enough to see that it is not over.
    for (const node of left) {
      if (node.isAlive && !finished.has(node)) return false;
      left.delete(node);
    }
    return true;
  };
  await world.time.run(isOver, LIMIT_MS);
  return result(world, { startedAtMs, finishedCount: finished.size, sizeBytes, seed, unitBytes });
}

function result(
  world: World,
  run: Pick<SpreadResult, "seed" | "finishedCount" | "sizeBytes"> & {
    readonly startedAtMs: number;
    readonly unitBytes: number;
  },
): SpreadResult {
  const makespanMs = world.time.nowMs() - run.startedAtMs;
  const { unitBytes } = run;
  const uploads = world.nodes.map(({ peer }) => unitBytes * world.links.uploadedBytes(peer)).sort((a, b) => a - b);
  const median = uploads[Math.floor(uploads.length / 2)] ?? 0;
  const max = uploads.at(-1) ?? 0;
  return {
    nodeCount: world.nodes.length,
    seed: run.seed,
    sizeBytes: run.sizeBytes,
    rangeBytes: unitBytes * DOWNLOAD_LIMITS.rangeBytes,
    finishedCount: run.finishedCount,
    makespanMs,
    rounds: makespanMs / (run.sizeBytes / DEFAULT_SPEED.downBytesPerMs),
    uploadedBytes: { median, max },
    uploadRatio: max / median,
    eventCount: world.time.eventCount,
    questionCount: world.network.questionCount,
  };
}
