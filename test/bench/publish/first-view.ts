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
    const rsync = new RsyncLinkDest(physicalPaths);
    const samples = { composefs: [] as FirstPublish[], tree: [] as FirstPublish[], rsync: [] as number[] };
    await publishFirst(context, "composefs", large.root);
    await repeat("first view", control.repeats(5, 2), control, async () => {
      samples.composefs.push(await publishFirst(context, "composefs", large.root));
      await writeBack();
      samples.rsync.push(await rsync.run(context.newDirectory("rsync")));
      samples.tree.push(await publishFirst(context, "tree", large.root));
    });
    const oursMs = samples.composefs.map((each) => each.totalMs);
    const tree = median(samples.tree.map((each) => each.totalMs));
    const rsyncMs = median(samples.rsync);
    const phases = {
      oursTrust: median(samples.composefs.map((each) => each.trustMs)),
      oursView: median(samples.composefs.map((each) => each.viewMs)),
    };
    return [
      {
        id: "first-view-rsync",
        samples: oursMs,
        peers: { rsync: rsyncMs, ...phases },
        ratio: rsyncMs / median(oursMs),
      },
      { id: "first-view-tree", samples: oursMs, peers: { tree }, ratio: tree / median(oursMs) },
    ];
  },
};

interface FirstPublish {
  readonly totalMs: number;
  /** Of that, checking the closure's signatures. */
  readonly trustMs: number;
  /** Of that, building the view. */
  readonly viewMs: number;
}

/** A publish by a plugin that has just started and has no view. */
async function publishFirst(
  context: PublishContext,
  view: "composefs" | "tree",
  root: StorePath,
): Promise<FirstPublish> {
  await context.forgetViews();
  await using rig = await context.startPlugin(view);
  await writeBack();
  const totalMs = await rig.publishOnce(root);
  const phases = rig.publishPhasesMs();
  return { totalMs, trustMs: phases.get("trust") ?? Number.NaN, viewMs: phases.get("view") ?? Number.NaN };
}
