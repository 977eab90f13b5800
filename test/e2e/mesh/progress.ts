import { WORKER } from "../closures/closure-source.ts";
import { workerPod } from "../core/support.ts";
import type { Case } from "../framework/story.ts";
import type { CaseContext } from "../world/context.ts";

const SLOW_BYTES = 48 * 2 ** 20;
/** Done in 25 s: there is time for an event after 10 s. Below 512 KiB/s nodes would not wait for the mesh. */
const SLOW_BYTES_PER_SECOND = 2_000_000;

export const progressCases: readonly Case<CaseContext>[] = [
  {
    name: "a slow download to all nodes: events count the MiB, the peers and what upstream gave",
    run: async ({ namespace, cluster, closures, cache, progress }) => {
      const { root } = await closures.add({ name: "slow-mesh", script: WORKER, dataBytes: SLOW_BYTES });
      cache.setFaults({ path: /^\/nar\//, bytesPerSecond: SLOW_BYTES_PER_SECOND });
      const names = cluster.nodes.map((node) => `slow-${node.name}`);
      for (const node of cluster.nodes) await namespace.apply(workerPod(`slow-${node.name}`, root, node.name));
      const event =
        /Unavailable desc = fetching slow-mesh: \d+ of \d+ MiB, \d+ peers?, \d+( MiB)? upstream; the next retry joins in/;
      for (const name of names) progress.note(await namespace.event(name, event));
      await progress.step("all start when all is there", async () => {
        for (const name of names) await namespace.ready(name);
      });
    },
  },
];
