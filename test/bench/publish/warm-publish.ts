import type { StorePath } from "@niphas/core";
import { median } from "../rows.ts";
import { repeat } from "../scenario.ts";
import { BindFarm } from "./peers/bind-farm.ts";
import { MountBindProcess } from "./peers/mount-bind-process.ts";
import type { PluginRig } from "./plugin-rig.ts";
import type { PublishScenario } from "./publish-scenario.ts";

const WARM_UP_PUBLISHES = 30;
/** What comes right after a process finds cold caches, so that each must do so equally often. */
const ORDERS = [
  [0, 1, 2],
  [1, 0, 2],
  [2, 0, 1],
  [2, 1, 0],
  [0, 2, 1],
  [1, 2, 0],
] as const;

/** Closure present and view cached: what a pod start costs, for both sizes, beside one `mount --bind` process. */
export const warmPublish: PublishScenario = {
  rowIds: ["warm-publish-200", "warm-publish-2000", "warm-publish-size"],
  run: async (context) => {
    const { small, large, store, control } = context;
    await using rig = await context.startPlugin("composefs");
    const peer = new MountBindProcess(store.physicalPath(small.root), context.newDirectory("bind-targets"));
    const farm = new BindFarm(
      large.paths.map((path) => store.physicalPath(path)),
      context.newDirectory("bind-farm"),
    );
    await warmUp(rig, [small.root, large.root]);
    const samples = { small: [] as number[], large: [] as number[], mount: [] as number[], farm: [] as number[] };
    await repeat("warm publish", control.repeats(300, 20), control, async (index) => {
      const steps = [
        async () => samples.small.push(await rig.publishOnce(small.root)),
        async () => samples.large.push(await rig.publishOnce(large.root)),
        async () => samples.mount.push(await peer.run(1)),
      ];
      for (const step of ORDERS[index % ORDERS.length] ?? []) await steps[step]?.();
    });
    await repeat("bind farm", control.repeats(10, 2), control, async () => {
      samples.farm.push(await farm.run());
    });
    const mountBindProcess = median(samples.mount);
    const bindFarm2000 = median(samples.farm);
    const [smallMs, largeMs] = [median(samples.small), median(samples.large)];
    return [
      {
        id: "warm-publish-200",
        samples: samples.small,
        peers: { mountBindProcess },
        ratio: smallMs / mountBindProcess,
      },
      {
        id: "warm-publish-2000",
        samples: samples.large,
        peers: { mountBindProcess, bindFarm2000 },
        ratio: largeMs / mountBindProcess,
      },
      { id: "warm-publish-size", samples: samples.large, peers: { publish200: smallMs }, ratio: largeMs / smallMs },
    ];
  },
};

/** Builds the views, and lets V8 compile what a plugin that has run for a while has compiled. */
export async function warmUp(rig: PluginRig, roots: readonly StorePath[]): Promise<void> {
  for (const root of roots) {
    for (let index = 0; index < WARM_UP_PUBLISHES; index++) await rig.publishOnce(root);
  }
}
