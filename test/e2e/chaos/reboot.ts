import { setTimeout as sleep } from "node:timers/promises";
import { workerPod } from "../core/support.ts";
import { untilPluginIsReady } from "./plugin.ts";
import { untilGone } from "./scene.ts";
import { survival } from "./survival.ts";

const OFF_MS = 3000;

export const rebootCases = [
  survival({
    name: "a node loses power: pods come back on new mounts, one that was deleted meanwhile leaves nothing",
    nodeNumber: 2,
    harm: "rebooted",
    timeoutMs: 420_000,
    disturb: async ({ context, node }) => {
      const { namespace, closures, progress, signal } = context;
      await namespace.apply(workerPod("parting", closures.worker.root, node.name));
      await namespace.ready("parting");
      try {
        await progress.step("it is switched off", async () => {
          await node.switchOff();
          await namespace.run(["delete", "pod", "parting", "--wait=false"]);
          await sleep(OFF_MS, undefined, { signal });
        });
      } finally {
        // Not ended by the case's signal: the next case needs the node.
        await progress.step("it boots", () => node.reboot());
      }
      await progress.step("the plugin is ready", () => untilPluginIsReady(context, node));
      await progress.step("the deleted pod is gone", () => untilGone(context, "parting"));
    },
  }),
];
