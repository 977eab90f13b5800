import assert from "node:assert/strict";
import { waitUntil } from "@niphas/testing";
import { WORKER } from "../closures/closure-source.ts";
import type { Case } from "../framework/story.ts";
import { parsePodList } from "../kubernetes/objects.ts";
import { faultsOfResident, type Resident, residentOf } from "../oracles/resident.ts";
import { faultsAfterSettling } from "../oracles/settled.ts";
import type { CaseContext } from "../world/context.ts";
import { type HelmValues, SYSTEM_NAMESPACE } from "../world/helm-release.ts";
import { readImages, splitReference } from "../world/images.ts";
import { nextImage } from "../world/next-image.ts";
import { applyExample, assertInside, assertServes, workerPod } from "./support.ts";

const NEXT_TAG = "0.1.0-next";
/** Of a file that is still being fetched when the plugins are replaced. */
const SLOW_BYTES = 4 * 2 ** 20;
/** Takes longer than an upgrade. */
const SLOW_BYTES_PER_SECOND = SLOW_BYTES / 120;

const PLUGIN_PODS = ["get", "pods", "--namespace", SYSTEM_NAMESPACE, "--selector", "app.kubernetes.io/component=node"];

/** Every node's plugin is replaced while pods run: their mounts are not even touched. */
export const upgradeCases: readonly Case<CaseContext>[] = [
  {
    name: "an upgrade that changes a value: plugins are replaced, running pods keep their very mounts",
    run: async (context) => assertSurvives(context, { plugin: { logLevel: "debug" } }),
  },
  {
    name: "an upgrade to another image during fetches: plugins are replaced, running pods keep their very mounts",
    run: upgradeToNextImage,
  },
];

async function upgradeToNextImage(context: CaseContext): Promise<void> {
  const { namespace, cluster, cache, progress } = context;
  const imageIds = await pluginImageIds(context);
  const values = await progress.step("load another image", () => loadNextImage(context));
  const after = async (): Promise<void> => {
    const common = (await pluginImageIds(context)).filter((id) => imageIds.includes(id));
    assert.deepEqual(common, [], "the plugins run from the same image as before");
    cache.setFaults();
    await progress.step("what was being fetched starts", async () => {
      for (const node of cluster.nodes) await namespace.ready(`cold-${node.name}`);
    });
  };
  await assertSurvives(context, values, { before: async () => startFetches(context), after });
}

/** @param around what else happens right before and after the upgrade */
async function assertSurvives(
  context: CaseContext,
  values: HelmValues,
  around: { readonly before?: () => Promise<void>; readonly after?: () => Promise<void> } = {},
): Promise<void> {
  const { namespace, cluster, closures, release, progress } = context;
  for (const node of cluster.nodes)
    await namespace.apply(workerPod(`on-${node.name}`, closures.worker.root, node.name));
  await applyExample(context, "inline-volume");
  await namespace.ready("web");
  for (const node of cluster.nodes) await namespace.ready(`on-${node.name}`);
  const residents = new Map((await namespace.pods()).map((pod) => [pod.name, residentOf(cluster, pod)] as const));
  const plugins = await pluginUids(context);
  await around.before?.();
  await progress.step("helm upgrade", () => release.install(values));
  assert.equal(
    (await pluginUids(context)).filter((uid) => plugins.includes(uid)).length,
    0,
    "a plugin was not replaced",
  );
  await around.after?.();
  await assertUnchanged(context, residents);
  await namespace.apply(workerPod("newcomer", closures.worker.root));
  await progress.step("a new pod starts with the new plugin", () => namespace.ready("newcomer"));
  await progress.step("helm upgrade, back to the first values", () => release.install());
  await assertUnchanged(context, residents);
  assert.deepEqual(await faultsAfterSettling(context), []);
}

/** On each node a pod `cold-<node>` whose closure will not be there before the cache is made fast again. */
async function startFetches({ namespace, cluster, closures, cache }: CaseContext): Promise<void> {
  const before = cache.requests.length;
  cache.setFaults({ path: /^\/nar\//, bytesPerSecond: SLOW_BYTES_PER_SECOND });
  for (const [index, node] of cluster.nodes.entries()) {
    // Another version is another closure, which no node has; of one closure nodes with a mesh would fetch one copy.
    const name = `fetched-${before}.${index}`;
    const { root } = await closures.add({ name, script: WORKER, dataBytes: SLOW_BYTES });
    await namespace.apply(workerPod(`cold-${node.name}`, root, node.name));
  }
  const areFetching = (): boolean =>
    cache.requests.slice(before).filter(({ path }) => path.startsWith("/nar/")).length >= cluster.nodes.length;
  await waitUntil("each node to fetch", areFetching);
}

async function assertUnchanged(context: CaseContext, residents: ReadonlyMap<string, Resident>): Promise<void> {
  const { namespace, cluster, closures } = context;
  for (const [name, resident] of residents) {
    assert.deepEqual(await faultsOfResident(cluster, namespace, name, resident), []);
    if (name === "web") continue;
    await assertInside(context, { pod: name, container: "main", closures: [closures.worker] });
  }
  await assertServes(context, await namespace.pod("web"));
  await assertInside(context, { pod: "web", container: "web", closures: [closures.web] });
}

/** As the container runtime knows them, whatever their tags. */
async function pluginImageIds({ kubectl }: CaseContext): Promise<readonly string[]> {
  const ids = "jsonpath={.items[*].status.containerStatuses[*].imageID}";
  const found = (await kubectl.run([...PLUGIN_PODS, "--output", ids])).split(" ").filter((id) => id !== "");
  assert.ok(found.length > 0, "no plugin has an image");
  return found;
}

async function pluginUids({ kubectl }: CaseContext): Promise<readonly string[]> {
  const pods = await kubectl.json(PLUGIN_PODS, parsePodList);
  assert.ok(pods.length > 0, "no plugin runs");
  return pods.map((pod) => pod.uid);
}

/** Puts the image of another release on every node. @returns the values that ask for it */
async function loadNextImage({ cluster, directory, signal }: CaseContext): Promise<HelmValues> {
  const image = readImages().find((each) => each.name === "node");
  assert.ok(image);
  const [repository] = splitReference(image.reference);
  const file = await nextImage(image, `${repository}:${NEXT_TAG}`, directory.join("next-image"));
  await cluster.loadImage(file, { signal });
  return { images: { node: { repository, tag: NEXT_TAG } } };
}
