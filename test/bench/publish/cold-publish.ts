import { median } from "../rows.ts";
import { repeat } from "../scenario.ts";
import { type ServerProcess, startServerProcess } from "../server-process.ts";
import type { PublishContext } from "./context.ts";
import { NixCopy } from "./peers/nix-copy.ts";
import { PluginRig } from "./plugin-rig.ts";
import type { PublishScenario } from "./publish-scenario.ts";
import { writeBack } from "./write-back.ts";

const ALLOWED_FACTOR = 1.15;
const ALLOWED_EXTRA_MS = 100;

/** A closure that has to be fetched, beside `nix copy` of the same closure from the same server. */
export const coldPublish: PublishScenario = {
  rowIds: ["cold-overhead"],
  run: async (context) => {
    const { control, small, store } = context;
    await using cache = await serveCache(context);
    const peer = new NixCopy(cache.address, store.publicKey);
    const samples = { publish: [] as number[], nixCopy: [] as number[] };
    await repeat("cold publish", control.repeats(7, 2), control, async () => {
      samples.publish.push(await publishCold(context, cache.address));
      await writeBack();
      samples.nixCopy.push(await peer.run(small.root, context.newDirectory("nix-copy")));
    });
    const nixCopy = median(samples.nixCopy);
    const allowedMs = ALLOWED_FACTOR * nixCopy + ALLOWED_EXTRA_MS;
    return [
      { id: "cold-overhead", samples: samples.publish, peers: { nixCopy }, ratio: median(samples.publish) / allowedMs },
    ];
  },
};

/** Serves the small closure over HTTP from a process of its own. */
export async function serveCache(context: PublishContext): Promise<ServerProcess> {
  return startServerProcess(new URL("../cache-server.ts", import.meta.url), [context.cacheDir]);
}

/** A plugin without any state, before its first request. */
export async function startColdPlugin(context: PublishContext, cacheUrl: string): Promise<PluginRig> {
  return PluginRig.start({
    baseDir: context.newDirectory("cold"),
    bundleFile: context.bundleFile,
    publicKey: context.store.publicKey,
    view: "composefs",
    substituters: [cacheUrl],
  });
}

async function publishCold(context: PublishContext, cacheUrl: string): Promise<number> {
  await using rig = await startColdPlugin(context, cacheUrl);
  await writeBack();
  return await rig.publishOnce(context.small.root);
}
