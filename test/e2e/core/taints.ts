import assert from "node:assert/strict";
import { waitUntil } from "@niphas/testing";
import type { Case } from "../framework/story.ts";
import { type CaseContext, nodeOf } from "../world/context.ts";

/** The chart's default `startupTaint.key`. */
export const STARTUP_TAINT = "niphas.io/not-ready";

const OTHER_TAINT = "example.org/other";
const TIMEOUT_MS = 30_000;

export const taintCases: readonly Case<CaseContext>[] = [
  {
    name: "a node that joins with the startup taint loses it when its driver is registered, and no other taint",
    run: async (context) => {
      const { cluster, kubectl, progress } = context;
      const { name } = nodeOf(context, 3);
      try {
        await kubectl.run(["taint", "node", name, `${OTHER_TAINT}=:PreferNoSchedule`, `${STARTUP_TAINT}=:NoSchedule`]);
        await progress.step("the controller takes it away", () => withoutStartupTaint(context, name));
        assert.ok((await taintsOf(context, name)).includes(OTHER_TAINT));
      } finally {
        // Not ended by the case's signal.
        await cluster.kubectl(["taint", "node", name, `${OTHER_TAINT}-`]);
      }
    },
  },
];

/** As a cloud's node group does for nodes that join. */
export async function addStartupTaint({ kubectl, cluster }: CaseContext): Promise<void> {
  for (const { name } of cluster.nodes) {
    await kubectl.run(["taint", "node", name, "--overwrite", `${STARTUP_TAINT}=:NoSchedule`]);
  }
}

export async function withoutStartupTaint(context: CaseContext, node: string): Promise<void> {
  const isGone = async (): Promise<boolean> => !(await taintsOf(context, node)).includes(STARTUP_TAINT);
  await waitUntil(`${node} to lose its startup taint`, isGone, { timeoutMs: TIMEOUT_MS, intervalMs: 500 });
}

async function taintsOf({ kubectl }: CaseContext, node: string): Promise<readonly string[]> {
  const keys = await kubectl.run(["get", "node", node, "--output", "jsonpath={.spec.taints[*].key}"]);
  return keys.split(" ");
}
