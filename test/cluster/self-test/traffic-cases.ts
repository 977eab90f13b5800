import { equal, match, ok } from "node:assert/strict";
import { runCommand } from "@niphas/testing";
import type { ClusterNode } from "../node/cluster-node.ts";
import { PROBE_SERVICE, probePod } from "./probe.ts";
import type { SelfTestCase } from "./self-test.ts";
import { NAMESPACE, parseAnswer, probeUrl, type TestBed } from "./test-bed.ts";

export const trafficCases: readonly SelfTestCase[] = [
  {
    name: "a pod runs on every node",
    minNodes: 1,
    run: (bed) => bed.untilPodsReady(),
  },
  {
    name: "kubectl runs commands in pods and reads their logs, with verified certificates",
    minNodes: 1,
    run: async (bed) => {
      for (const { name } of bed.cluster.nodes) {
        equal((await bed.kubectl(["exec", probePod(name), "--", "hostname"])).trim(), probePod(name));
        match(await bed.kubectl(["logs", probePod(name)]), /response:200/);
      }
    },
  },
  {
    name: "pods on different nodes reach each other under their own addresses",
    minNodes: 2,
    run: async (bed) => {
      const [first, second] = pair(bed);
      const { pod, client } = await bed.ask(first, await bed.podAddress(second));
      equal(pod, probePod(second.name));
      equal(client, await bed.podAddress(first));
    },
  },
  {
    name: "a Service spreads over all its pods, also over the one that asks",
    minNodes: 1,
    run: async (bed) => {
      const [from] = bed.cluster.nodes;
      ok(from);
      const seen = new Set<string>();
      await bed.until("an answer of every pod", async () => {
        seen.add((await bed.ask(from, await serviceAddress(bed))).pod);
        return seen.size === bed.cluster.nodes.length;
      });
    },
  },
  {
    name: "names of Services are resolved in pods, short and full",
    minNodes: 1,
    run: async (bed) => {
      for (const node of bed.cluster.nodes) {
        for (const host of [PROBE_SERVICE, `${PROBE_SERVICE}.${NAMESPACE}.svc.cluster.local`]) {
          match((await bed.ask(node, host)).pod, /^probe-/);
        }
      }
    },
  },
  {
    name: "processes in the control network reach pods and Services",
    minNodes: 1,
    run: async (bed) => {
      const [node] = bed.cluster.nodes;
      ok(node);
      for (const host of [await bed.podAddress(node), await serviceAddress(bed)]) {
        await bed.until(`an answer from ${host}`, async () => (await askFromControl(bed, host)).startsWith("probe-"));
      }
    },
  },
];

function pair(bed: TestBed): readonly [ClusterNode, ClusterNode] {
  const [first, second] = bed.cluster.nodes;
  ok(first && second);
  return [first, second];
}

function serviceAddress(bed: TestBed): Promise<string> {
  return bed.kubectl(["get", "service", PROBE_SERVICE, "--output=jsonpath={.spec.clusterIP}"]);
}

async function askFromControl(bed: TestBed, host: string): Promise<string> {
  const script =
    "fetch(process.argv[1], { signal: AbortSignal.timeout(3000) }).then(async (r) => console.log(await r.text()))";
  const argv = bed.cluster.controlNetworkCommand([process.execPath, "--eval", script, probeUrl(host)]);
  const { stdout } = await runCommand(argv, { allowFailure: true });
  return parseAnswer(stdout).pod;
}
