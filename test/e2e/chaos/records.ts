import assert from "node:assert/strict";
import { join } from "node:path";
import type { ClusterNode } from "../../cluster/index.ts";
import { workerPod } from "../core/support.ts";
import { readNodeState, STATE_DIR } from "../oracles/node-state.ts";
import { targetsOf } from "../oracles/staleness.ts";
import { renewPlugin } from "./plugin.ts";
import type { Scene } from "./scene.ts";
import { survival } from "./survival.ts";

const RECORDS = join(STATE_DIR, "store/nix/var/nix/gcroots/niphas/*/volume.json");

/** What may become of a record, as a shell command on the node. */
const DAMAGES = [
  ["deleted", `rm -f ${RECORDS}`],
  ["emptied", `for file in ${RECORDS}; do : >"$file"; done`],
  ["cut in half", `for file in ${RECORDS}; do truncate -s 100 "$file"; done`],
  [
    "overwritten with other JSON",
    `for file in ${RECORDS}; do echo '{"version":1,"volumeId":"../../x"}' >"$file"; done`,
  ],
] as const;

export const recordCases = DAMAGES.map(([what, command], index) =>
  survival({
    name: `the volumes' records are ${what}: a pod can still go, and the plugin writes them anew when it starts`,
    nodeNumber: (index % 3) + 1,
    disturb: async (scene) => {
      const { context, node } = scene;
      await assertPodCanGo(scene, command);
      await damage(node, command);
      await context.progress.step("the plugin starts anew", () => renewPlugin(context, node));
      assert.equal(damagedRecords(node), 0, "volumes without a record");
      const recorded = new Set(readNodeState(node).recordedTargets);
      const lost = targetsOf(await context.namespace.pods()).filter((target) => !recorded.has(target));
      assert.deepEqual(lost, [], "pods without a record");
    },
  }),
);

/** Its record is damaged while it runs, then it is deleted. */
async function assertPodCanGo({ context, node }: Scene, command: string): Promise<void> {
  const { namespace, closures } = context;
  await namespace.apply(workerPod("leaving", closures.worker.root, node.name));
  await namespace.ready("leaving");
  await damage(node, command);
  await namespace.run(["delete", "pod", "leaving"]);
}

/** Of all volumes of the node, the residents' too. */
async function damage(node: ClusterNode, command: string): Promise<void> {
  await node.exec(["sh", "-c", command], { check: true });
  assert.notEqual(damagedRecords(node), 0, "no record was damaged");
}

function damagedRecords(node: ClusterNode): number {
  const { rootOwners, recordedTargets } = readNodeState(node);
  return rootOwners.length - recordedTargets.length;
}
