import { join } from "node:path";
import type { StorePath } from "@niphas/core";
import type { PodVolume } from "@niphas/testing";
import { median } from "../rows.ts";
import { repeat, timeMs } from "../scenario.ts";
import { GrpcNoop } from "./peers/grpc-noop.ts";
import { MountBindProcess } from "./peers/mount-bind-process.ts";
import type { PluginRig } from "./plugin-rig.ts";
import type { PublishScenario } from "./publish-scenario.ts";
import { warmUp } from "./warm-publish.ts";

const BURST = 100;
const SINGLES_PER_BURST = 10;
const WARM_UP_BURSTS = 3;

/**
 * A hundred pods at once, beside single ones. The other peers tell what the ratio is made of: the same calls to a gRPC
 * server that does nothing, and `mount --bind` processes.
 */
export const warmBurst: PublishScenario = {
  rowIds: ["warm-publish-100"],
  run: async (context) => {
    const { control, large, store } = context;
    await using rig = await context.startPlugin("composefs");
    await using noop = await GrpcNoop.start(join(context.newDirectory("noop"), "noop.sock"));
    const mount = new MountBindProcess(store.physicalPath(large.root), context.newDirectory("bind-burst"));
    const held: PodVolume[] = [];
    await warmUp(rig, [large.root]);
    for (let index = 0; index < WARM_UP_BURSTS; index++) {
      await burst(rig, BURST, large.root, held);
      await noop.burst(BURST);
    }
    const samples = { burst: [] as number[], single: [] as number[], noop100: [] as number[], noop1: [] as number[] };
    const mounts = { single: [] as number[], burst: [] as number[] };
    await repeat("burst of 100", control.repeats(20, 3), control, async () => {
      for (let index = 0; index < SINGLES_PER_BURST; index++) {
        samples.single.push(await burst(rig, 1, large.root, held));
        samples.noop1.push(await noop.burst(1));
      }
      samples.burst.push(await burst(rig, BURST, large.root, held));
      samples.noop100.push(await noop.burst(BURST));
      mounts.single.push(await mount.run(1));
      mounts.burst.push(await mount.run(BURST));
    });
    for (const volume of held) await rig.unpublish(volume);
    const single = median(samples.single);
    const peers = {
      single,
      grpcNoop1: median(samples.noop1),
      grpcNoop100: median(samples.noop100),
      mountBindProcess: median(mounts.single),
      mountBindProcess100: median(mounts.burst),
    };
    return [{ id: "warm-publish-100", samples: samples.burst, peers, ratio: median(samples.burst) / single }];
  },
};

/**
 * Publishes new volumes at once. They stay: ext4 passes over inodes that were deleted in the last minute one by one, so
 * that a node which had just lost hundreds of pods would be measured.
 * @returns milliseconds until all are published
 */
async function burst(rig: PluginRig, count: number, root: StorePath, held: PodVolume[]): Promise<number> {
  const volumes = Array.from({ length: count }, () => rig.newVolume());
  held.push(...volumes);
  return timeMs(async () => Promise.all(volumes.map(async (volume) => rig.publish(volume, root))));
}
