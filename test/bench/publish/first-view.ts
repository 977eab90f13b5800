import type { StorePath } from "@niphas/core";
import { median } from "../rows.ts";
import { repeat } from "../scenario.ts";
import type { PublishContext } from "./context.ts";
import { RsyncLinkDest } from "./peers/rsync.ts";
import type { PublishScenario } from "./publish-scenario.ts";
import { writeBack } from "./write-back.ts";

/** 2,000 paths are there, no view yet: what the first pod of a closure waits for, page cache hot. */
export const firstView: PublishScenario = {
  rowIds: ["first-view-rsync", "first-view-tree"],
  run: async (context) => {
    const { control, large, store } = context;
    const physicalPaths = large.paths.map((path) => store.physicalPath(path));
    const rsync = new RsyncLinkDest(physicalPaths, context.newDirectory("rsync"));
    const samples = { composefs: [] as number[], tree: [] as number[], rsync: [] as number[] };
    await publishFirst(context, "composefs", large.root);
    await repeat("first view", control.repeats(5, 2), control, async () => {
      samples.composefs.push(await publishFirst(context, "composefs", large.root));
      await writeBack();
      samples.rsync.push(await rsync.run());
      samples.tree.push(await publishFirst(context, "tree", large.root));
    });
    const [composefs, tree] = [median(samples.composefs), median(samples.tree)];
    const rsyncMs = median(samples.rsync);
    return [
      { id: "first-view-rsync", samples: samples.composefs, peers: { rsync: rsyncMs }, ratio: rsyncMs / composefs },
      { id: "first-view-tree", samples: samples.composefs, peers: { tree }, ratio: tree / composefs },
    ];
  },
};

/** Milliseconds of a publish by a plugin that has just started and has no view. */
async function publishFirst(context: PublishContext, view: "composefs" | "tree", root: StorePath): Promise<number> {
  await context.removeViews();
  await using rig = await context.startPlugin(view);
  await writeBack();
  return await rig.publishOnce(root);
}
