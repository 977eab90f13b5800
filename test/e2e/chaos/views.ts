import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { mountsAt } from "@niphas/testing";
import type { ClusterNode } from "../../cluster/index.ts";
import type { Closure } from "../closures/closure-source.ts";
import { assertInside } from "../core/support.ts";
import { podManifest } from "../kubernetes/manifests.ts";
import { STATE_DIR } from "../oracles/node-state.ts";
import type { CaseContext } from "../world/context.ts";
import { renewPlugin } from "./plugin.ts";
import { newClosure, type Scene } from "./scene.ts";
import { survival } from "./survival.ts";

const VIEWS_DIR = `${STATE_DIR}/views`;
type Strategy = "composefs" | "tree";

export const viewCases = [
  survival({
    name: "the composefs views' files are deleted while pods run on them: the same closures start again, before and after a restart of the plugin",
    nodeNumber: 1,
    disturb: async (scene) => {
      await wipeComposefs(scene.node, "files");
      await assertWebStartsAgain(scene, "again-1");
      await renewPlugin(scene.context, scene.node);
      await assertWebStartsAgain(scene, "again-2");
    },
  }),
  survival({
    name: "the composefs views are unmounted behind the plugin's back: the same closures start again",
    nodeNumber: 2,
    disturb: async (scene) => {
      await wipeComposefs(scene.node, "mounts");
      await assertWebStartsAgain(scene, "again-1");
    },
  }),
  survival({
    name: "the composefs views are unmounted and deleted: the same closures start again",
    nodeNumber: 3,
    disturb: async (scene) => {
      await wipeComposefs(scene.node, "mounts");
      await wipeComposefs(scene.node, "files");
      await assertWebStartsAgain(scene, "again-1");
    },
  }),
  survival({
    name: "a tree view that no pod uses is deleted: the closure starts again",
    nodeNumber: 2,
    disturb: async ({ context, node }) => {
      const closure = await newClosure(context);
      await runOnTree(context, node, closure, "first");
      await context.namespace.run(["delete", "pod", "first"]);
      const views = viewsOf(node, "tree", closure);
      assert.equal(views.length, 1, "no tree view to be deleted");
      await node.exec(["rm", "-rf", ...views], { check: true });
      await runOnTree(context, node, closure, "second");
    },
  }),
];

/** Files: as far as they are no mounts, as `rm -rf` does it. */
async function wipeComposefs(node: ClusterNode, what: "files" | "mounts"): Promise<void> {
  const views = viewsOf(node, "composefs");
  assert.ok(views.length > 0, "there is no composefs view to be wiped");
  if (what === "mounts")
    assert.ok(
      views.some((view) => isMounted(node, view)),
      "there is nothing to be unmounted",
    );
  for (const view of views) {
    const argv = what === "files" ? ["rm", "-rf", view] : ["umount", "--lazy", join(view, "root")];
    await node.exec(argv);
    const isWiped = what === "files" ? !existsSync(node.hostPath(join(view, "view.json"))) : !isMounted(node, view);
    assert.ok(isWiped, `${what} of ${view} are still there`);
  }
}

function isMounted(node: ClusterNode, view: string): boolean {
  return mountsAt(join(view, "root"), node.pid).length > 0;
}

/** The web server's closure, which a resident uses as well. */
async function assertWebStartsAgain({ context, node }: Scene, name: string): Promise<void> {
  const { namespace, closures, progress } = context;
  const { root } = closures.web;
  const command = [`${root}/bin/web`];
  await namespace.apply(podManifest({ name, nodeName: node.name, command, attributes: { storePath: root } }));
  await progress.step(`the web server starts again as ${name}`, () => namespace.ready(name));
  await assertInside(context, { pod: name, container: "main", closures: [closures.web] });
}

async function runOnTree(context: CaseContext, node: ClusterNode, closure: Closure, name: string): Promise<void> {
  const { namespace } = context;
  const attributes = { storePath: closure.root, view: "tree" };
  const command = [`${closure.root}/bin/newcomer`];
  await namespace.apply(podManifest({ name, nodeName: node.name, command, attributes }));
  await namespace.ready(name);
  await assertInside(context, { pod: name, container: "main", closures: [closure] });
}

/** Directories of the node's views by what `view.json` says; of one closure, or of all. */
function viewsOf(node: ClusterNode, strategy: Strategy, closure?: Closure): readonly string[] {
  const names = readdirSync(node.hostPath(VIEWS_DIR)).filter((name) => {
    const record = readFileSync(node.hostPath(join(VIEWS_DIR, name, "view.json")), "utf8");
    return record.includes(`"${strategy}"`) && (closure === undefined || record.includes(closure.root));
  });
  return names.map((name) => join(VIEWS_DIR, name));
}
