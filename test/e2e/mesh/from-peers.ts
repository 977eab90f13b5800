import assert from "node:assert/strict";
import { WORKER } from "../closures/closure-source.ts";
import { assertInside, workerPod } from "../core/support.ts";
import type { Case } from "../framework/story.ts";
import type { CaseContext } from "../world/context.ts";
import { inDaemon, whyOf } from "./daemons.ts";
import { isOn } from "./spread.ts";

/** What one node has, narinfos too, the others get from it. */
export const fromPeersCase: Case<CaseContext> = {
  name: "upstream is off: pods start on nodes that have nothing of a closure which one other node has",
  run: async (context) => {
    const { namespace, closures, cache, cluster, progress } = context;
    const closure = await closures.add({ name: "rolling", script: WORKER, parts: 3, dataBytes: 2 ** 20 });
    const [first, ...others] = cluster.nodes;
    assert.ok(first);
    await namespace.apply(workerPod("first", closure.root, first.name));
    await namespace.ready("first");
    await cache.stop();
    for (const node of others) {
      assert.ok(!isOn(node, closure.root), `${node.name} has it already`);
      await namespace.apply(workerPod(`on-${node.name}`, closure.root, node.name));
    }
    for (const node of others) {
      await progress.step(`it starts on ${node.name}`, () => namespace.ready(`on-${node.name}`));
      await assertInside(context, { pod: `on-${node.name}`, container: "main", closures: [closure] });
    }
    for (const node of others) {
      const { isValidHere, holders, upstreams } = await whyOf(context, node, closure.root);
      assert.deepEqual([isValidHere, holders.some(({ hasIt }) => hasIt)], [true, true]);
      // The owner of the root has asked upstream for the first node, and remembers the answer.
      assert.match(upstreams[0]?.reason ?? "", /ECONNREFUSED|^has it$/);
    }
    progress.note(await inDaemon(context, first, ["niphas", "mesh", "why", closure.root]));
  },
};
