import { type Signer, WORKER } from "../../closures/closure-source.ts";
import type { Case } from "../../framework/story.ts";
import type { CaseContext } from "../../world/context.ts";
import { workerPod } from "../support.ts";

const SLOW_BYTES = 16 * 2 ** 20;
/** Done in 24 s: there is time for two events, the first after 10 s. */
const SLOW_BYTES_PER_SECOND = 700_000;

/** What a cache can do wrong: the event says what was looked for, where, and what to do. */
export const cacheEventCases: readonly Case<CaseContext>[] = [
  {
    name: "a path that no cache has: the event says where it was looked for; once pushed, the pod starts by itself",
    run: async (context) => {
      const { namespace, closures, cache, progress } = context;
      const { root } = await closures.add({ name: "unpushed", script: WORKER, isPushed: false });
      await namespace.apply(workerPod("early", root));
      const text = `NotFound desc = ${root} is in none of the binary caches asked (${cache.url}): push it there, or add its cache`;
      progress.note(await namespace.event("early", text));
      await closures.push(root);
      await progress.step("it starts after the push", () => namespace.ready("early"));
    },
  },
  signatureCase("without a signature", "nobody"),
  signatureCase("signed by a key that is not trusted", "foreign"),
  {
    name: "no cache answers: the event names the cache and the reason; once it is back, the pod starts by itself",
    run: async (context) => {
      const { namespace, closures, cache, progress } = context;
      const { root } = await closures.add({ name: "unreachable", script: WORKER });
      await cache.stop();
      await namespace.apply(workerPod("waiting", root));
      const text = `Unavailable desc = ${root} could not be fetched from ${cache.url}: `;
      progress.note(await namespace.event("waiting", text));
      await cache.restore();
      await progress.step("it starts when the cache is back", () => namespace.ready("waiting"));
    },
  },
  {
    name: "a cache that gives wrong bytes: the event says so, and nothing of them is used",
    run: async (context) => {
      const { namespace, closures, cache, progress } = context;
      const { root } = await closures.add({ name: "damaged", script: WORKER, dataBytes: 100_000 });
      cache.setFaults({ path: /^\/nar\//, corruptByteAt: 500 });
      await namespace.apply(workerPod("damaged", root));
      progress.note(
        await namespace.event(
          "damaged",
          /DataLoss desc = a binary cache gave wrong bytes: hash mismatch .*-damaged.*repair the cache/,
        ),
      );
      await cache.restore();
      await progress.step("it starts when the cache is repaired", () => namespace.ready("damaged"));
    },
  },
  {
    name: "a slow download: the events count the MiB and say from where until it is there",
    run: async (context) => {
      const { namespace, closures, cache, progress } = context;
      const { root } = await closures.add({ name: "slow", script: WORKER, dataBytes: SLOW_BYTES });
      cache.setFaults({ path: /^\/nar\//, bytesPerSecond: SLOW_BYTES_PER_SECOND });
      await namespace.apply(workerPod("slow", root));
      const withoutMesh = String.raw`\d+ of \d+ paths, from http://[\d.:]+`;
      const withMesh = String.raw`\d+ peers?, [1-9]\d* MiB upstream`;
      const event = new RegExp(
        String.raw`Unavailable desc = fetching slow: [1-9]\d* of \d+ MiB, (${withoutMesh}|${withMesh}); the next retry joins in`,
      );
      progress.note(await namespace.event("slow", event));
      await progress.step("it starts when all is there", () => namespace.ready("slow"));
    },
  },
];

function signatureCase(how: string, signedBy: Signer): Case<CaseContext> {
  return {
    name: `a path ${how}: the event names the path, the trusted keys and what to do`,
    run: async ({ namespace, closures, progress }) => {
      const { root } = await closures.add({ name: `signed-by-${signedBy}`, script: WORKER, signedBy });
      await namespace.apply(workerPod("untrusted", root));
      const keyName = closures.publicKey.split(":")[0];
      const text = `PermissionDenied desc = ${root} is not signed by a trusted key (trusted: ${keyName}): sign it, or add its key`;
      progress.note(await namespace.event("untrusted", text));
    },
  };
}
