import { copyFileSync } from "node:fs";
import type { NiphasError } from "@niphas/core";
import { createKubeClient, LEASES, NODES, type OwnedKubeClient } from "@niphas/kube";
import { createMembership, type PeerId, parseMembers, type StartableMembership } from "@niphas/mesh";
import { temporaryDirectory, waitUntil } from "@niphas/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { renderObjects } from "../../chart/helm.ts";
import { Cluster, missingForCluster } from "../../cluster/index.ts";
import { ApiServerProcess } from "./api-server-process.ts";

const NAMESPACE = "niphas-system";
const NODES_OF_TEST = ["node-1", "node-2"] as const;
type NodeName = (typeof NODES_OF_TEST)[number];
/** Joins, leaves and moves are told within moments; a busy machine may take longer and is still right. */
const TOLD = { timeout: 60_000, interval: 50 };

const peers: Readonly<Record<NodeName, PeerId>> = {
  "node-1": peerIdOf("12D3KooWMo5gRbZQ4vRn2bkAA8T5BG1XXwF2pTsedRDBCuBhJQN2"),
  "node-2": peerIdOf("12D3KooWGxP1yRrtBDFYZ2uzxEhAxew8C2zUcLhdBGYZp93fJ7Tm"),
};

const { signal } = new AbortController();
const resources = new AsyncDisposableStack();
let cluster: Cluster;
let admin: OwnedKubeClient;
let kubeconfigs: Readonly<Record<NodeName, string>>;

/** A control plane without nodes; once is enough, so on the host's own system only. */
const missing = process.env["NIPHAS_IN_FORKY"] === "1" ? ["to run outside of the forky root"] : missingForCluster();

beforeAll(async () => {
  if (missing.length > 0) return;
  cluster = await Cluster.up({ name: "mesh-members", nodes: 0 });
  resources.defer(() => cluster.down());
  admin = resources.use(await createKubeClient({ file: cluster.kubeconfigFile }));
  const directory = resources.use(temporaryDirectory("mesh-members-"));
  await applyChart();
  const files = NODES_OF_TEST.map(async (node) => [node, await asNode(node, directory.join(node))] as const);
  const made = Object.fromEntries(await Promise.all(files));
  kubeconfigs = { "node-1": made["node-1"] ?? "", "node-2": made["node-2"] ?? "" };
});
afterAll(async () => {
  await resources.disposeAsync();
});
beforeEach((test) => test.skip(missing.length > 0, `it needs ${missing.join(", ")}: run scripts/setup.sh cluster`));

/** What the chart makes of rights and policies. */
async function applyChart(): Promise<void> {
  const kinds = ["ServiceAccount", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"];
  const objects = (await renderObjects({ mesh: { enabled: true } })).filter(
    ({ kind, metadata }) =>
      (kinds.includes(kind) && metadata.name === "niphas-node") || kind.startsWith("ValidatingAdmissionPolicy"),
  );
  expect(objects).toHaveLength(7);
  await cluster.kubectl(["create", "namespace", NAMESPACE], { check: true });
  const input = objects.map((each) => JSON.stringify(each)).join("\n---\n");
  await cluster.kubectl(["apply", "--filename=-"], { input, check: true });
}

/** A kubeconfig with the token that the kubelet of this node would give to the mesh's container. */
async function asNode(node: NodeName, file: string): Promise<string> {
  const labels = { "topology.kubernetes.io/zone": `zone-of-${node}` };
  await admin.client.create(NODES, { metadata: { name: node, labels } }, signal);
  const pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: `pod-of-${node}`, namespace: NAMESPACE },
    spec: { serviceAccountName: "niphas-node", nodeName: node, containers: [{ name: "mesh", image: "none" }] },
  };
  await cluster.kubectl(["apply", "--filename=-"], { input: JSON.stringify(pod), check: true });
  const bound = ["--bound-object-kind=Pod", `--bound-object-name=pod-of-${node}`];
  return await kubeconfigWith(file, bound);
}

async function kubeconfigWith(file: string, bound: readonly string[]): Promise<string> {
  const create = ["create", "token", "niphas-node", `--namespace=${NAMESPACE}`, ...bound];
  const { stdout: token } = await cluster.kubectl(create, { check: true });
  copyFileSync(cluster.kubeconfigFile, file);
  const config = ["config", `--kubeconfig=${file}`];
  await cluster.kubectl([...config, "set-credentials", "mesh", `--token=${token.trim()}`], { check: true });
  await cluster.kubectl([...config, "set-context", "--current", "--user=mesh"], { check: true });
  return file;
}

async function join(node: NodeName, host: string): Promise<StartableMembership> {
  const place = { nodeName: node, namespace: NAMESPACE, host, version: "0.1.0", kubeconfigFile: kubeconfigs[node] };
  const log = { info: () => undefined, warn: () => undefined };
  const identify = async (): Promise<never> => {
    throw new Error("there is nobody to ask");
  };
  const init = { self: peers[node], port: 9811, hasGroupSecret: false, cluster: place };
  const membership = await createMembership(parseMembers("kubernetes"), { log, identifier: { identify } }, init);
  membership.start();
  return membership;
}

function peerIdOf(text: string): PeerId {
  const source = parseMembers(`static:${text}@10.0.0.1:1`);
  const [member] = source.kind === "static" ? source.members : [];
  if (member === undefined) throw new Error("not a peer id");
  return member.peerId;
}

const seenBy = (membership: StartableMembership) => () =>
  membership.members().map(({ peerId, host, zone }) => ({ peerId, host, zone }));
const as = (node: NodeName, host: string) => ({ peerId: peers[node], host, zone: `zone-of-${node}` });

async function leaseOf(node: string) {
  return await admin.client.get(LEASES, { name: `niphas-mesh-${node}`, namespace: NAMESPACE }, signal);
}

/** What the API server says when `node`, or a token without a node, writes a Lease. */
async function write(file: string, lease: string, owner: string): Promise<NiphasError | undefined> {
  using kube = await createKubeClient({ file });
  const { metadata } = await admin.client.get(NODES, { name: owner }, signal);
  const ownerReferences = [{ apiVersion: "v1", kind: "Node", name: owner, uid: metadata.uid ?? "" }];
  const object = { metadata: { ownerReferences }, spec: { holderIdentity: "evil" } };
  const patch = { type: "apply", object, fieldManager: "test", force: true } as const;
  return await kube.client.patch(LEASES, { name: lease, namespace: NAMESPACE }, patch, signal).then(
    () => undefined,
    (error: NiphasError) => error,
  );
}

/** The API server begins to enforce a new policy some time after it was made. */
async function policyIsEnforced(): Promise<void> {
  await waitUntil("the policy", async () => {
    const refused = await write(kubeconfigs["node-1"], "niphas-mesh-nobody", "node-1");
    if (refused !== undefined) return true;
    await admin.client.delete(LEASES, { name: "niphas-mesh-nobody", namespace: NAMESPACE }, {}, signal);
    return undefined;
  });
}

describe("the members of a real cluster", () => {
  it("find each other with the tokens of their nodes, by Leases that their Nodes own", async () => {
    await policyIsEnforced();
    await using first = await join("node-1", "10.0.0.1");
    await using second = await join("node-2", "10.0.0.2");
    await expect.poll(seenBy(first), TOLD).toEqual([as("node-2", "10.0.0.2")]);
    await expect.poll(seenBy(second), TOLD).toEqual([as("node-1", "10.0.0.1")]);
    const zones = () => [first.zone, second.zone, first.problem];
    await expect.poll(zones, TOLD).toEqual(["zone-of-node-1", "zone-of-node-2", undefined]);
    const node = await admin.client.get(NODES, { name: "node-1" }, signal);
    const owner = { apiVersion: "v1", kind: "Node", name: "node-1", uid: node.metadata.uid };
    expect((await leaseOf("node-1")).metadata.ownerReferences).toEqual([owner]);
  });

  it("stay registered while their daemon is away, and move with it", async () => {
    await using first = await join("node-1", "10.0.0.1");
    await expect.poll(seenBy(first), TOLD).toEqual([as("node-2", "10.0.0.2")]);
    await using moved = await join("node-2", "10.0.0.22");
    await expect.poll(seenBy(first), TOLD).toEqual([as("node-2", "10.0.0.22")]);
    await expect.poll(seenBy(moved), TOLD).toEqual([as("node-1", "10.0.0.1")]);
  });

  it("leave with their Lease, and write it again", async () => {
    await using first = await join("node-1", "10.0.0.1");
    await expect.poll(seenBy(first), TOLD).toHaveLength(1);
    await admin.client.delete(LEASES, { name: "niphas-mesh-node-2", namespace: NAMESPACE }, {}, signal);
    await expect.poll(seenBy(first), TOLD).toEqual([]);
    await admin.client.delete(LEASES, { name: "niphas-mesh-node-1", namespace: NAMESPACE }, {}, signal);
    await expect
      .poll(() => leaseOf("node-1").catch(() => undefined), TOLD)
      .toMatchObject({
        spec: { holderIdentity: peers["node-1"] },
      });
  });

  it("are seen again after the API server was away, and stay known meanwhile", async () => {
    await using first = await join("node-1", "10.0.0.1");
    await using second = await join("node-2", "10.0.0.2");
    await expect.poll(seenBy(first), TOLD).toEqual([as("node-2", "10.0.0.2")]);
    const apiServer = new ApiServerProcess(cluster);
    await apiServer.kill();
    await expect.poll(() => first.problem?.code, { timeout: 120_000 }).toBe("ApiUnavailable");
    expect([seenBy(first)(), seenBy(second)()]).toEqual([[as("node-2", "10.0.0.2")], [as("node-1", "10.0.0.1")]]);
    await apiServer.start();
    await expect.poll(() => first.problem, { timeout: 120_000 }).toBe(undefined);
    await using moved = await join("node-2", "10.0.0.23");
    await expect.poll(seenBy(first), { timeout: 120_000 }).toEqual([as("node-2", "10.0.0.23")]);
    await expect.poll(() => moved.problem, TOLD).toBe(undefined);
  });
});

describe("the policy for Leases", () => {
  it("lets a node write its own, owned by itself", async () => {
    expect(await write(kubeconfigs["node-2"], "niphas-mesh-node-2", "node-2")).toBe(undefined);
  });

  it("does not let a node write another's, whether it is there or not, nor a Lease of another name", async () => {
    await using _first = await join("node-1", "10.0.0.1");
    await expect.poll(() => leaseOf("node-1").catch(() => undefined), TOLD).toBeDefined();
    for (const lease of ["niphas-mesh-node-1", "niphas-mesh-node-3", "leader"]) {
      const refused = await write(kubeconfigs["node-2"], lease, "node-2");
      expect(refused).toMatchObject({ kind: "invalid" });
      expect(refused?.message).toContain("a node writes its own Lease only, niphas-mesh-node-2");
    }
    expect(await leaseOf("node-1")).toMatchObject({ spec: { holderIdentity: peers["node-1"] } });
  });

  it("does not let a node give its Lease to another node", async () => {
    const refused = await write(kubeconfigs["node-2"], "niphas-mesh-node-2", "node-1");
    expect(refused?.message).toContain("the Lease of a node is owned by the node and nothing else");
  });

  it("does not let a token that is bound to no node write any", async () => {
    await using directory = temporaryDirectory("mesh-members-");
    const unbound = await kubeconfigWith(directory.join("unbound"), []);
    const refused = await write(unbound, "niphas-mesh-node-1", "node-1");
    expect(refused?.message).toContain("the token is not bound to a node");
  });

  it("is not about others, who may have Leases in the namespace too", async () => {
    const lease = { metadata: { name: "leader", namespace: NAMESPACE }, spec: { holderIdentity: "other" } };
    await expect(admin.client.create(LEASES, lease, signal)).resolves.toBeDefined();
  });
});
