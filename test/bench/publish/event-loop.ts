import type { StorePath } from "@niphas/core";
import { median } from "../rows.ts";
import { repeat } from "../scenario.ts";
import { inFreshDirectory, serveCache, startColdPlugin } from "./cold-publish.ts";
import type { PublishContext } from "./context.ts";
import { eventLoopLagMs } from "./event-loop-lag.ts";
import type { PluginRig } from "./plugin-rig.ts";
import { ProbeLoop } from "./probe-loop.ts";
import type { PublishScenario } from "./publish-scenario.ts";

interface Samples {
  readonly probe: number[];
  readonly composefs: number[];
  readonly tree: number[];
}

/** Whether the plugin still answers while it fetches and while it builds views. */
export const eventLoop: PublishScenario = {
  rowIds: ["event-loop-delay", "event-loop-probe"],
  run: async (context) => {
    const { control } = context;
    const samples: Samples = { probe: [], composefs: [], tree: [] };
    await using cache = await serveCache(context);
    await repeat("probes while working", control.repeats(5, 1), control, async () => {
      await inFreshDirectory(context, async (directory) => {
        await using rig = await startColdPlugin(context, cache.address, directory);
        await publishProbed(rig, [context.small.root], samples);
      });
      for (const view of ["composefs", "tree"] as const) samples[view].push(await buildProbed(context, view, samples));
    });
    const [composefs, tree] = [median(samples.composefs), median(samples.tree)];
    return [
      {
        id: "event-loop-delay",
        samples: [...samples.composefs, ...samples.tree],
        ours: Math.max(composefs, tree),
        peers: { composefs, tree },
      },
      {
        id: "event-loop-probe",
        samples: samples.probe,
        ours: Math.max(...samples.probe),
        peers: { median: median(samples.probe) },
      },
    ];
  },
};

/** Builds the views of both closures. @returns the 99th percentile of the plugin's event loop delay meanwhile, in milliseconds */
async function buildProbed(context: PublishContext, view: "composefs" | "tree", samples: Samples): Promise<number> {
  await context.removeViews();
  await using rig = await context.startPlugin(view);
  await eventLoopLagMs(rig);
  await publishProbed(rig, [context.large.root, context.small.root], samples);
  return await eventLoopLagMs(rig);
}

async function publishProbed(rig: PluginRig, roots: readonly StorePath[], samples: Samples): Promise<void> {
  await using probes = new ProbeLoop(rig.plugin.socketPath);
  for (const root of roots) await rig.publishOnce(root);
  samples.probe.push(...(await probes.stop()));
}
