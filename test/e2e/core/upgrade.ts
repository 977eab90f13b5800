import assert from "node:assert/strict";
import type { Case } from "../framework/story.ts";
import { parsePodList } from "../kubernetes/objects.ts";
import { faultsOfResident, type Resident, residentOf } from "../oracles/resident.ts";
import type { CaseContext } from "../world/context.ts";
import { type HelmValues, SYSTEM_NAMESPACE } from "../world/helm-release.ts";
import { readImages, splitReference } from "../world/images.ts";
import { applyExample, assertInside, assertServes, workerPod } from "./support.ts";

const NEW_TAG = "0.1.0-upgraded";

/** Every node's plugin is replaced while pods run: their mounts are not even touched. */
export const upgradeCases: readonly Case<CaseContext>[] = [
  {
    name: "an upgrade that changes a value: plugins are replaced, running pods keep their very mounts",
    run: async (context) => assertSurvives(context, { plugin: { logLevel: "debug" } }),
  },
  {
    name: "an upgrade to another image: plugins are replaced, running pods keep their very mounts",
    run: async (context) => {
      const repository = await tagNodeImage(context);
      await assertSurvives(context, { images: { node: { repository, tag: NEW_TAG } } });
    },
  },
];

async function assertSurvives(context: CaseContext, values: HelmValues): Promise<void> {
  const { namespace, cluster, closures, release, progress } = context;
  for (const node of cluster.nodes)
    await namespace.apply(workerPod(`on-${node.name}`, closures.worker.root, node.name));
  await applyExample(context, "inline-volume");
  await namespace.ready("web");
  for (const node of cluster.nodes) await namespace.ready(`on-${node.name}`);
  const before = new Map((await namespace.pods()).map((pod) => [pod.name, residentOf(cluster, pod)] as const));
  const plugins = await pluginUids(context);
  await progress.step("helm upgrade", () => release.install(values));
  assert.equal(
    (await pluginUids(context)).filter((uid) => plugins.includes(uid)).length,
    0,
    "a plugin was not replaced",
  );
  await assertUnchanged(context, before);
  await namespace.apply(workerPod("newcomer", closures.worker.root));
  await progress.step("a new pod starts with the new plugin", () => namespace.ready("newcomer"));
  await progress.step("helm upgrade, back to the first values", () => release.install());
  await assertUnchanged(context, before);
}

async function assertUnchanged(context: CaseContext, before: ReadonlyMap<string, Resident>): Promise<void> {
  const { namespace, cluster, closures } = context;
  for (const [name, resident] of before) {
    assert.deepEqual(await faultsOfResident(cluster, namespace, name, resident), []);
    if (name === "web") continue;
    await assertInside(context, { pod: name, container: "main", closures: [closures.worker] });
  }
  await assertServes(context, await namespace.pod("web"));
  await assertInside(context, { pod: "web", container: "web", closures: [closures.web] });
}

async function pluginUids({ kubectl }: CaseContext): Promise<readonly string[]> {
  const selector = ["--namespace", SYSTEM_NAMESPACE, "--selector", "app.kubernetes.io/component=node"];
  const pods = await kubectl.json(["get", "pods", ...selector], parsePodList);
  assert.ok(pods.length > 0, "no plugin runs");
  return pods.map((pod) => pod.uid);
}

/** The same image under another name, as a release that changed nothing would be. @returns its repository */
async function tagNodeImage({ cluster }: CaseContext): Promise<string> {
  const image = readImages().find((each) => each.name === "node");
  assert.ok(image);
  const [repository] = splitReference(image.reference);
  for (const node of cluster.nodes) {
    await node.exec([
      "ctr",
      "--namespace",
      "k8s.io",
      "images",
      "tag",
      "--force",
      image.reference,
      `${repository}:${NEW_TAG}`,
    ]);
  }
  return repository;
}
