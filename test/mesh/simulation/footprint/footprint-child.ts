import {
  ClusterDiscovery,
  type DiscoveryChannel,
  digestList,
  MemberView,
  type MemberViews,
  MemoryOwnPaths,
  type PathDigest,
  type PeerId,
  pathHashOf,
  SHARD_COUNT,
} from "@niphas/mesh";
import { seededRandom } from "../engine/seeded-random.ts";
import { SimulatedTime } from "../engine/simulated-time.ts";
import type { Footprint, FootprintInit } from "./footprint.ts";

/**
 * One real discovery among thousands of members that only exist in what they tell it. Started in a process of its own
 * with `--expose-gc` and the {@link FootprintInit} as JSON; writes the {@link Footprint} as JSON.
 */

const DIGEST_BYTES = 20;
const MIB = 2 ** 20;
/** For all keepers to be told of the own paths, and for all that is only needed then to go. */
const SETTLE_MS = 120_000;

function randomDigest(random: () => number, shard: number): PathDigest {
  const digest = new Uint8Array(DIGEST_BYTES);
  const view = new DataView(digest.buffer);
  for (let offset = 0; offset < DIGEST_BYTES; offset += 4) view.setUint32(offset, random() * 2 ** 32, true);
  const [low, high] = [shard & 0xff, (shard >>> 8) | ((digest[1] ?? 0) & 0xf0)];
  digest.set([low, high]);
  return digest as PathDigest;
}

/** Keepers that take whatever they are told, and know nothing. */
const channel: DiscoveryChannel = {
  fetchSummary: async () => ({ kind: "current" }),
  pushDelta: async () => undefined,
  announce: async () => "applied",
  query: async (_peer, digests) => Array.from({ length: digests.length / DIGEST_BYTES }, () => []),
};

/** The member with the most shards: nobody has more to keep. */
function busiest(view: MemberView, peers: readonly PeerId[]): PeerId {
  const counts = new Map<PeerId, number>();
  for (let shard = 0; shard < SHARD_COUNT; shard++) {
    for (const peer of view.keepersOf(shard)) counts.set(peer, (counts.get(peer) ?? 0) + 1);
  }
  return peers.reduce((most, peer) => ((counts.get(peer) ?? 0) > (counts.get(most) ?? 0) ? peer : most));
}

interface Used {
  readonly residentMib: number;
  /** In use by JavaScript, typed arrays included: the resident set may have room from before. */
  readonly heapMib: number;
}

function used(): Used {
  globalThis.gc?.();
  const { rss, heapUsed, external } = process.memoryUsage();
  return { residentMib: rss / MIB, heapMib: (heapUsed + external) / MIB };
}

async function measure(init: FootprintInit): Promise<Footprint> {
  const random = seededRandom(init.seed);
  const peers = Array.from(
    { length: init.nodeCount },
    (_, index) => `12D3KooW${String(index).padStart(44, "x")}` as PeerId,
  );
  const self = busiest(MemberView.of(peers), peers);
  const ownPaths = new MemoryOwnPaths();
  const allShards = (): number => Math.floor(random() * SHARD_COUNT);
  for (let path = 0; path < init.pathsPerNode; path++) ownPaths.add(pathHashOf(randomDigest(random, allShards())));
  const before = used();

  const view = MemberView.of(peers);
  const views: MemberViews = { current: () => view, onChange: () => ({ [Symbol.dispose]: () => undefined }) };
  const reachability = { isLost: () => false, onChange: () => ({ [Symbol.dispose]: () => undefined }) };
  const time = new SimulatedTime();
  await using discovery = new ClusterDiscovery(
    { views, reachability, channel, paths: ownPaths, clock: time, random },
    { self },
  );
  const shards = view.shardsOf(
    self,
    Array.from({ length: SHARD_COUNT }, (_, shard) => shard),
  );
  const pathsPerShard = init.pathsPerNode / SHARD_COUNT;
  for (const peer of peers) {
    if (peer === self) continue;
    // Every path is another one, which is the most that there can be to keep.
    const added = shards.flatMap((shard) =>
      Array.from({ length: Math.round(pathsPerShard) }, () => randomDigest(random, shard)),
    );
    discovery.takeAnnouncement(peer, { epoch: 1, sequence: 0, added: digestList(added), removed: digestList([]) });
  }
  const peakMib = process.memoryUsage().rss / MIB;
  await time.pass(SETTLE_MS);
  const after = used();
  return {
    nodeCount: init.nodeCount,
    shardCount: shards.length,
    keptPairs: discovery.footprint.keptPairs,
    stateMib: Math.max(after.residentMib - before.residentMib, after.heapMib - before.heapMib),
    processMib: after.residentMib,
    peakMib,
  };
}

process.stdout.write(JSON.stringify(await measure(JSON.parse(process.argv[2] ?? "{}"))));
