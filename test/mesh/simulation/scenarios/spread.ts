import type { PathHash } from "@niphas/mesh";
import { Download } from "../nodes/download.ts";
import { RangeSet } from "../nodes/range-set.ts";
import type { SimulatedNode } from "../nodes/simulated-node.ts";
import { DEFAULT_SPEED, World } from "../world.ts";

const MIB = 2 ** 20;
/** Any path: its shard and keepers follow from it. */
export const SPREAD_PATH = "0c5a4zjwb2m5w1ymgzshj0kkz3r1vi8g" as PathHash;
/** For discovery to hear of the seed. */
const WARM_UP_MS = 5000;
const LIMIT_MS = 3_600_000;

export interface SpreadInit {
  /** With the seed. */
  readonly nodeCount: number;
  readonly seed: number;
  /** @default 1 GiB */
  readonly sizeBytes?: number;
  /** @default 8 MiB */
  readonly rangeBytes?: number;
  /** Whether nodes ask for any missing range next, or for the first. @default true */
  readonly isSpread?: boolean;
  /** @default 1 */
  readonly zoneCount?: number;
  /** Called when the downloads begin. */
  readonly disturb?: (world: World) => void;
}

export interface SpreadResult {
  readonly nodeCount: number;
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
  await using world = new World({ nodeCount: init.nodeCount, seed: init.seed, zoneCount: init.zoneCount ?? 1 });
  const sizeBytes = init.sizeBytes ?? 1024 * MIB;
  const rangeBytes = init.rangeBytes ?? 8 * MIB;
  const rangeCount = Math.ceil(sizeBytes / rangeBytes);
  const seed = world.at(0);
  for (const node of world.nodes) node.ranges = RangeSet.empty(rangeCount);
  seed.ranges = RangeSet.full(rangeCount);
  seed.paths.add(SPREAD_PATH);
  await world.time.pass(WARM_UP_MS);

  const startedAtMs = world.time.nowMs();
  const wanting = world.nodes.slice(1);
  const isSpread = init.isSpread ?? true;
  const finished = new Set<SimulatedNode>();
  for (const node of wanting) {
    const onDone = (): void => {
      finished.add(node);
    };
    new Download(world, { node, path: SPREAD_PATH, rangeCount, rangeBytes, isSpread, onDone }).start();
  }
  init.disturb?.(world);
  await world.time.run(() => wanting.every((node) => finished.has(node) || !node.isAlive), LIMIT_MS);
  return result(world, { startedAtMs, finishedCount: finished.size, sizeBytes });
}

function result(
  world: World,
  run: { readonly startedAtMs: number; readonly finishedCount: number; readonly sizeBytes: number },
): SpreadResult {
  const makespanMs = world.time.nowMs() - run.startedAtMs;
  const uploads = world.nodes.map(({ peer }) => world.links.uploadedBytes(peer)).sort((a, b) => a - b);
  const median = uploads[Math.floor(uploads.length / 2)] ?? 0;
  const max = uploads.at(-1) ?? 0;
  return {
    nodeCount: world.nodes.length,
    finishedCount: run.finishedCount,
    makespanMs,
    rounds: makespanMs / (run.sizeBytes / DEFAULT_SPEED.downBytesPerMs),
    uploadedBytes: { median, max },
    uploadRatio: max / median,
    eventCount: world.time.eventCount,
    questionCount: world.network.questionCount,
  };
}
