import { readMountTable } from "@niphas/testing";
import type { PodsContext } from "./context.ts";
import { PodCrowd } from "./pod-crowd.ts";
import type { PodScenario } from "./pod-scenario.ts";
import { CROWD } from "./pod-start-40.ts";
import type { Side } from "./sides.ts";

const VIEWS = 1;

/** How many mounts the node has more because of forty pods of one closure. The view's own is there before. */
export const podMounts: PodScenario = {
  rowIds: ["pod-mounts"],
  run: async (context) => {
    const niphas = (await mountsOf(context, "niphas")) + VIEWS;
    const oci = await mountsOf(context, "oci");
    const ours = (niphas - oci) / (CROWD + VIEWS);
    return [{ id: "pod-mounts", samples: [ours], peers: { niphas, oci } }];
  },
};

async function mountsOf(context: PodsContext, side: Side): Promise<number> {
  const before = readMountTable(context.node.pid).length;
  await using _crowd = await PodCrowd.start(context, side, CROWD);
  return readMountTable(context.node.pid).length - before;
}
