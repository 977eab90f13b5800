import { setTimeout as sleep } from "node:timers/promises";
import { workerPod } from "../core/support.ts";
import { newClosure, type Scene, untilGone } from "./scene.ts";
import { survival } from "./survival.ts";

const PODS = 12;
const STEP_MS = 150;
/** Of the closure's bytes: long enough that the first pods are deleted while it is fetched. */
const BYTES = 2 * 2 ** 20;

export const podCases = [
  survival({
    name: `${PODS} pods are deleted at as many moments of their start, every other one by force`,
    nodeNumber: 2,
    disturb: deleteWhileStarting,
  }),
];

async function deleteWhileStarting({ context, node }: Scene): Promise<void> {
  const { namespace, progress, cache, signal } = context;
  const { root } = await newClosure(context, BYTES);
  cache.setFaults({ path: /\.nar/, bytesPerSecond: BYTES });
  const names = Array.from({ length: PODS }, (_, index) => `fleeting-${index}`);
  await namespace.apply(names.map((name) => workerPod(name, root, node.name)).join("\n---\n"));
  await progress.step("delete one after the other", async () => {
    for (const [index, name] of names.entries()) {
      await sleep(STEP_MS, undefined, { signal });
      const force = index % 2 === 0 ? ["--force", "--grace-period=0"] : [];
      await namespace.run(["delete", "pod", name, "--wait=false", ...force]);
    }
  });
  await progress.step("all are gone", () => untilGone(context, ...names));
}
