import { equal, match, notEqual, ok } from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import type { ClusterNode } from "../node/cluster-node.ts";
import { NODE_COMPONENTS } from "../node/components.ts";
import { isHealthy } from "../state/cluster-status.ts";
import type { SelfTestCase } from "./self-test.ts";
import type { TestBed } from "./test-bed.ts";

const STATE = "/var/lib/niphas";
const MARK = `${STATE}/self-test`;

export const nodeCases: readonly SelfTestCase[] = [
  {
    name: "all daemons run",
    minNodes: 0,
    run: async (bed) => ok(isHealthy(bed.cluster.status()), JSON.stringify(bed.cluster.status())),
  },
  {
    name: "commands run on a node, with input, and its files are seen from the host",
    minNodes: 1,
    run: async (bed) => {
      const node = firstNode(bed);
      await node.exec(["sh", "-c", `cat >${MARK}`], { input: "written", check: true });
      equal(readFileSync(node.hostPath(MARK), "utf8"), "written");
      equal((await node.exec(["hostname"])).stdout.trim(), node.name);
      notEqual((await node.exec(["false"])).exitCode, 0);
    },
  },
  {
    name: "filling a node's state disk fills nothing else",
    minNodes: 1,
    run: async (bed) => {
      const node = firstNode(bed);
      try {
        const { stderr } = await node.exec(["fallocate", "--length", "100G", `${STATE}/filler`]);
        match(stderr, /No space left|too large/);
        await node.exec([
          "sh",
          "-c",
          `fallocate --length "$(df --output=avail -B1 ${STATE} | tail -n 1)" ${STATE}/filler`,
        ]);
        notEqual((await node.exec(["dd", "if=/dev/zero", `of=${STATE}/more`, "bs=1M", "count=64"])).exitCode, 0);
        await node.exec(["dd", "if=/dev/zero", "of=/var/lib/kubelet/more", "bs=1M", "count=1"], { check: true });
      } finally {
        await node.exec(["rm", "-f", `${STATE}/filler`, `${STATE}/more`, "/var/lib/kubelet/more"]);
      }
    },
  },
  {
    name: "a killed daemon stays dead until it is started",
    minNodes: 1,
    run: async (bed) => {
      const node = firstNode(bed);
      for (const component of NODE_COMPONENTS) {
        ok(await node.kill(component, "SIGKILL"));
        await bed.until(`${component} to end`, async () => !node.isRunning(component));
        await node.start(component);
        ok(node.isRunning(component));
      }
      await bed.untilPodsReady();
    },
  },
  {
    name: "a node that lost its power comes back with what was on its disks",
    minNodes: 1,
    run: async (bed) => {
      const node = firstNode(bed);
      const before = node.pid;
      await node.exec(["sh", "-c", `mkdir -p ${MARK}.d; mount -t tmpfs none ${MARK}.d; sync`], { check: true });
      await node.reboot();
      notEqual(node.pid, before);
      ok(existsSync(node.hostPath(MARK)));
      match((await node.exec(["findmnt", `${MARK}.d`])).stdout, /^$/);
      await bed.until("the node's pod to answer again", async () => hasAnswer(bed, node));
    },
  },
];

function firstNode(bed: TestBed): ClusterNode {
  const [node] = bed.cluster.nodes;
  ok(node);
  return node;
}

/** The pod's old status says Ready for a while, so it is asked itself. */
async function hasAnswer(bed: TestBed, node: ClusterNode): Promise<boolean> {
  try {
    return (await bed.ask(node, await bed.podAddress(node))).pod !== "";
  } catch {
    return false;
  }
}
