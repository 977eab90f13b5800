import assert from "node:assert/strict";
import type { Case } from "../framework/story.ts";
import { type CaseContext, nodeOf } from "../world/context.ts";
import { inDaemon, SYSTEM, untilConnected } from "./daemons.ts";

const TOKEN_FILE = "/var/run/secrets/kubernetes.io/serviceaccount/token";
const LEASES_PATH = `/apis/coordination.k8s.io/v1/namespaces/${SYSTEM[1]}/leases`;
const OWNERS =
  '{range .items[*]}{.metadata.name} {.metadata.ownerReferences[*].kind}/{.metadata.ownerReferences[*].name}{"\\n"}{end}';

export const registrationCases: readonly Case<CaseContext>[] = [
  {
    name: "helm installs the chart with the mesh: every node has a Lease that its Node owns, and all are connected",
    isFoundation: true,
    run: async (context) => {
      const { cluster, kubectl, release, progress } = context;
      await progress.step("helm install", () => release.install());
      await progress.step("all are connected", () => untilConnected(context));
      const owners = await kubectl.run([...SYSTEM, "get", "leases", "--output", `jsonpath=${OWNERS}`]);
      const expected = cluster.nodes.map(({ name }) => `niphas-mesh-${name} Node/${name}`);
      assert.deepEqual(owners.trim().split("\n").sort(), expected);
      progress.note(await inDaemon(context, nodeOf(context, 1), ["niphas", "mesh", "status"]));
    },
  },
  {
    name: "a node's token writes no other node's Lease",
    run: async (context) => {
      const [own, other] = [nodeOf(context, 1), nodeOf(context, 2)];
      const token = (await inDaemon(context, own, ["cat", TOKEN_FILE])).trim();
      const { server } = context.cluster.status();
      const asNode = ["--kubeconfig=/dev/null", `--server=${server}`, "--insecure-skip-tls-verify", `--token=${token}`];
      const input = JSON.stringify({
        apiVersion: "coordination.k8s.io/v1",
        kind: "Lease",
        metadata: { name: `niphas-mesh-${other.name}` },
      });
      const argv = [...asNode, "create", "--raw", LEASES_PATH, "--filename", "-"];
      const { exitCode, stderr } = await context.kubectl.attempt(argv, { input });
      assert.notEqual(exitCode, 0);
      assert.match(stderr, new RegExp(`a node writes its own Lease only, niphas-mesh-${own.name}`));
    },
  },
];
