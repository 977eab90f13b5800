import { readMountTable } from "@niphas/testing";
import type { PublishScenario } from "./publish-scenario.ts";

const VOLUMES = 20;
const VIEWS = 1;

/** How many mounts twenty volumes of one closure add to the plugin's mount table; `ours` is per volume and view. */
export const mounts: PublishScenario = {
  rowIds: ["mounts"],
  run: async (context) => {
    await context.forgetViews();
    await using rig = await context.startPlugin("composefs");
    const before = readMountTable(rig.plugin.pid).length;
    const volumes = Array.from({ length: VOLUMES }, () => rig.newVolume());
    for (const volume of volumes) await rig.publish(volume, context.small.root);
    const added = readMountTable(rig.plugin.pid).length - before;
    for (const volume of volumes) await rig.unpublish(volume);
    context.control.report(`${VOLUMES} volumes of one closure added ${added} mounts`);
    return [{ id: "mounts", samples: [added / (VOLUMES + VIEWS)], peers: { bindFarm: context.small.paths.length } }];
  },
};
