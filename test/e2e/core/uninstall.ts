import assert from "node:assert/strict";
import type { Case } from "../framework/story.ts";
import { leftoversOf } from "../oracles/node-state.ts";
import type { CaseContext } from "../world/context.ts";
import { SYSTEM_NAMESPACE } from "../world/helm-release.ts";
import { assertInside, workerPod } from "./support.ts";

export const uninstallCases: readonly Case<CaseContext>[] = [
  {
    name: "helm uninstall is refused while pods hold volumes: they are listed, and they run on",
    run: async (context) => {
      const { namespace, closures, release, progress, kubectl } = context;
      await namespace.apply(workerPod("holder", closures.worker.root));
      await namespace.ready("holder");
      const { exitCode, stdout, stderr } = await progress.step("helm uninstall", () => release.uninstall());
      assert.notEqual(exitCode, 0);
      progress.note(`${stdout}${stderr}`.trim());
      assert.match(`${stdout}${stderr}`, new RegExp(`${namespace.name}/holder`));
      await kubectl.run(["--namespace", SYSTEM_NAMESPACE, "get", "daemonset", "niphas-node"]);
      await assertInside(context, { pod: "holder", container: "main", closures: [closures.worker] });
    },
  },
  {
    name: "helm uninstall with no pod left: every node is clean",
    run: async ({ release, progress, kubectl, cluster }) => {
      const { exitCode, stdout, stderr } = await progress.step("helm uninstall", () => release.uninstall());
      assert.equal(exitCode, 0, `${stdout}${stderr}`);
      assert.deepEqual(cluster.nodes.flatMap(leftoversOf), []);
      const objects = "csidrivers,clusterroles,clusterrolebindings";
      const left = await kubectl.run([
        "get",
        objects,
        "--selector",
        "app.kubernetes.io/name=niphas",
        "--output",
        "name",
      ]);
      assert.equal(left.trim(), "");
      const all = await kubectl.run([
        "--namespace",
        SYSTEM_NAMESPACE,
        "get",
        "all,serviceaccounts,roles",
        "--output",
        "name",
      ]);
      assert.equal(all.replace("serviceaccount/default", "").trim(), "");
    },
  },
];
