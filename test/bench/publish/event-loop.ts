import type { StorePath } from "@niphas/core";
import { median } from "../rows.ts";
import { repeat } from "../scenario.ts";
import { serveCache, startColdPlugin } from "./cold-publish.ts";
import type { PublishContext } from "./context.ts";
import { eventLoopLagMs } from "./event-loop-lag.ts";
import type { PluginRig } from "./plugin-rig.ts";
import { ProbeLoop } from "./probe-loop.ts";
import type { PublishScenario } from "./publish-scenario.ts";

type ViewName = "composefs" | "tree";

/** Whether the plugin still answers while it fetches and while it builds views. */
export const eventLoop: PublishScenario = {
  rowIds: ["event-loop-delay", "event-loop-probe"],
  run: async (context) => {
    const { control } = context;
    const delays = { composefs: [] as number[], tree: [] as number[] };
    const probes = { cold: [] as number[], composefs: [] as number[], tree: [] as number[] };
    await using cache = await serveCache(context);
    await repeat("probes while working", control.repeats(5, 1), control, async () => {
      probes.cold.push(...(await fetchProbed(context, cache.address)));
      for (const view of ["composefs", "tree"] as const) {
        const built = await buildProbed(context, view);
        delays[view].push(built.delayMs);
        probes[view].push(...built.probesMs);
      }
    });
    const [composefs, tree] = [median(delays.composefs), median(delays.tree)];
    const probesMs = Object.values(probes).flat();
    return [
      {
        id: "event-loop-delay",
        samples: [...delays.composefs, ...delays.tree],
        ours: Math.max(composefs, tree),
        peers: { composefs, tree },
      },
      {
        id: "event-loop-probe",
        samples: probesMs,
        ours: Math.max(...probesMs),
        peers: {
          cold: Math.max(...probes.cold),
          composefs: Math.max(...probes.composefs),
          tree: Math.max(...probes.tree),
        },
      },
    ];
  },
};

/** Publishes a closure that has to be fetched. @returns milliseconds of each probe meanwhile */
async function fetchProbed(context: PublishContext, cacheUrl: string): Promise<readonly number[]> {
  await using rig = await startColdPlugin(context, cacheUrl);
  return await publishProbed(rig, [context.small.root]);
}

interface BuildOutcome {
  /** 99th percentile of the plugin's event loop delay since its start. */
  readonly delayMs: number;
  readonly probesMs: readonly number[];
}

/** Builds the views of both closures. */
async function buildProbed(context: PublishContext, view: ViewName): Promise<BuildOutcome> {
  await context.forgetViews();
  await using rig = await context.startPlugin(view);
  const probesMs = await publishProbed(rig, [context.large.root, context.small.root]);
  return { probesMs, delayMs: await eventLoopLagMs(rig) };
}

async function publishProbed(rig: PluginRig, roots: readonly StorePath[]): Promise<readonly number[]> {
  await using probes = new ProbeLoop(rig.plugin.socketPath);
  for (const root of roots) await rig.publishOnce(root);
  return await probes.stop();
}
