import { WORKER } from "../../closures/closure-source.ts";
import type { Case } from "../../framework/story.ts";
import { podManifest } from "../../kubernetes/manifests.ts";
import { STATE_DIR } from "../../oracles/node-state.ts";
import { type CaseContext, nodeOf } from "../../world/context.ts";
import { POLICY_SERVICE_ACCOUNT } from "../../world/values.ts";
import { workerPod } from "../support.ts";

const FILLER = `${STATE_DIR}/filler`;
const CLOSURE_BYTES = 32 * 2 ** 20;

export const nodeEventCases: readonly Case<CaseContext>[] = [
  {
    name: "a full disk: the event says which directory is full and what to do; with room again, the pod starts by itself",
    run: async (context) => {
      const { namespace, closures, progress } = context;
      const node = nodeOf(context, 1);
      const { root } = await closures.add({ name: "bulky", script: WORKER, dataBytes: CLOSURE_BYTES });
      try {
        // As root this takes the reserved blocks too; it ends with "no space left".
        await node.exec(["sh", "-c", `fallocate -l $(df --output=avail -B1 ${STATE_DIR} | tail -n 1) ${FILLER}`]);
        await node.exec(["sh", "-c", `dd if=/dev/zero of=${FILLER}.rest bs=1M || true`]);
        await namespace.apply(workerPod("bulky", root, node.name));
        progress.note(
          await namespace.event(
            "bulky",
            /ResourceExhausted desc = the node's store is full \(\d+ MiB free on the file system of \/var\/lib\/niphas.*\): make room/,
          ),
        );
      } finally {
        await node.exec(["rm", "-f", FILLER, `${FILLER}.rest`]);
      }
      await progress.step("it starts when there is room again", () => namespace.ready("bulky"));
    },
  },
  {
    name: "the policy allows no such pod: the event names the policy, the pod's identity and what was asked for",
    run: async ({ namespace, closures, progress }) => {
      const serviceAccountName = `not-${POLICY_SERVICE_ACCOUNT}`;
      await namespace.run(["create", "serviceaccount", serviceAccountName]);
      const { root } = closures.hello;
      const pod = { name: "outsider", attributes: { storePath: root }, command: [`${root}/bin/hello`] };
      await namespace.apply(podManifest({ ...pod, serviceAccountName }));
      const text = `no rule allows namespace ${namespace.name}, service account ${serviceAccountName} to mount hello`;
      const event = await namespace.event("outsider", new RegExp(`PermissionDenied desc = policy .*: ${text}`));
      progress.note(event);
    },
  },
];
