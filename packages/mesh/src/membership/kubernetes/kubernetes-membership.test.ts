import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createKubeClient, type OwnedKubeClient } from "@niphas/kube";
import { FakeApiServer, type StoredObject } from "@niphas/testing";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { PeerId } from "../../ports.ts";
import { LogLines } from "../twins/log-lines.ts";
import { testPeerId } from "../twins/test-peers.ts";
import { KubernetesMembership, type KubernetesMembershipInit } from "./kubernetes-membership.ts";

const LEASES = "coordination.k8s.io/v1/leases";
const LABELS = { "app.kubernetes.io/name": "niphas", "app.kubernetes.io/component": "mesh" };

let self: PeerId;
let a: PeerId;
let b: PeerId;
let directory: string;
let api: FakeApiServer;
let owned: OwnedKubeClient;
let log: LogLines;
let membership: KubernetesMembership;

beforeAll(async () => {
  self = await testPeerId(0);
  a = await testPeerId(1);
  b = await testPeerId(2);
});
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "niphas-mesh-"));
  api = await FakeApiServer.start();
  const file = join(directory, "kubeconfig");
  api.writeKubeconfig(file);
  owned = await createKubeClient({ file });
  log = new LogLines();
  putNode("own", { "topology.kubernetes.io/zone": "zone-1" });
  membership = create();
});
afterEach(async () => {
  await membership[Symbol.asyncDispose]();
  owned[Symbol.dispose]();
  await api[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true });
});

function create(init: Partial<KubernetesMembershipInit> = {}): KubernetesMembership {
  return new KubernetesMembership(
    { client: owned.client, log },
    {
      namespace: "mesh",
      nodeName: "own",
      own: { peerId: self, host: "10.0.0.9", port: 9811, version: "0.1.0" },
      backOff: { firstMs: 2, maxMs: 10 },
      firstRetryMs: 5,
      ...init,
    },
  );
}

function putNode(name: string, labels: Readonly<Record<string, string>> = {}): void {
  api.store.put("v1/nodes", { metadata: { name, labels } });
}

function put(node: string, holderIdentity: string, address = "10.0.0.1:9811", renewTime?: string): void {
  const annotations = { "mesh.niphas.io/address": address };
  const metadata = { name: `niphas-mesh-${node}`, namespace: "mesh", labels: LABELS, annotations };
  api.store.put(LEASES, { metadata, spec: { holderIdentity, renewTime } });
}

function remove(node: string): void {
  api.store.remove({ resource: LEASES, namespace: "mesh", name: `niphas-mesh-${node}` });
}

function ownLease(): StoredObject | undefined {
  return api.store.get({ resource: LEASES, namespace: "mesh", name: "niphas-mesh-own" });
}

const hosts = (): readonly string[] =>
  membership
    .members()
    .map(({ host }) => host)
    .toSorted();
const writes = (): number => api.log.filter((line) => line.startsWith("PATCH")).length;
const holder = (): unknown => Object(ownLease()?.["spec"])["holderIdentity"];

describe("our own Lease", () => {
  it("is written at the start, owned by our Node, with our address and zone", async () => {
    membership.start();
    await expect.poll(() => membership.zone).toBe("zone-1");
    const node = api.store.get({ resource: "v1/nodes", namespace: undefined, name: "own" });
    expect(ownLease()).toMatchObject({
      kind: "Lease",
      metadata: {
        labels: LABELS,
        annotations: {
          "mesh.niphas.io/address": "10.0.0.9:9811",
          "mesh.niphas.io/zone": "zone-1",
          "mesh.niphas.io/version": "0.1.0",
        },
        ownerReferences: [{ apiVersion: "v1", kind: "Node", name: "own", uid: node?.metadata.uid }],
      },
      spec: { holderIdentity: self },
    });
    expect(api.log).toContain(
      "PATCH /apis/coordination.k8s.io/v1/namespaces/mesh/leases/niphas-mesh-own?fieldManager=niphas-mesh&force=true",
    );
    expect(membership.members()).toEqual([]);
  });

  it("is renewed from time to time, and no member changes by that", async () => {
    membership = create({ renewAfterMs: 30 });
    let changes = 0;
    membership.onChange(() => changes++);
    membership.start();
    await expect.poll(writes).toBeGreaterThan(3);
    expect(changes).toBe(0);
  });

  it("is not written again while it is in place", async () => {
    put("own", a, "10.0.0.1:1");
    membership.start();
    await expect.poll(holder).toBe(self);
    put("other", b);
    await expect.poll(hosts).toEqual(["10.0.0.1"]);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(writes()).toBe(1);
  });

  it("is written again when it was removed or changed by somebody else", async () => {
    membership.start();
    await expect.poll(holder).toBe(self);
    await expect.poll(() => api.watches.count).toBe(1);
    remove("own");
    await expect.poll(holder).toBe(self);
    put("own", a);
    await expect.poll(holder).toBe(self);
  });

  it("is written as soon as we may, and what stood in the way is told once", async () => {
    api.setFaults({ method: "PATCH", status: 403, message: "leases is forbidden" });
    membership.start();
    await expect.poll(writes).toBeGreaterThan(3);
    expect(membership.problem).toMatchObject({ code: "ApiDenied" });
    expect(log.lines).toEqual([expect.stringContaining("leases is forbidden; grant it by RBAC")]);
    api.setFaults();
    await expect.poll(holder).toBe(self);
    await expect.poll(() => membership.problem).toBe(undefined);
    expect(log.lines).toHaveLength(2);
  });

  it("waits for our Node to be there", async () => {
    api.store.remove({ resource: "v1/nodes", namespace: undefined, name: "own" });
    membership.start();
    await expect.poll(() => membership.problem?.code).toBe("ApiNotFound");
    expect(ownLease()).toBe(undefined);
    putNode("own");
    await expect.poll(holder).toBe(self);
  });

  it("stays when we end, and nothing is asked of the API server any more", async () => {
    membership.start();
    await expect.poll(holder).toBe(self);
    await expect.poll(() => api.watches.count).toBe(1);
    await membership[Symbol.asyncDispose]();
    await expect.poll(() => api.watches.count).toBe(0);
    const requests = api.log.length;
    put("other", a);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(holder()).toBe(self);
    expect(api.log).toHaveLength(requests);
  });
});

describe("members by Leases", () => {
  it("join, leave and move within seconds, and listeners are told", async () => {
    put("a", a, "10.0.0.1:9811");
    membership.start();
    await expect.poll(hosts).toEqual(["10.0.0.1"]);
    const seen: (readonly string[])[] = [];
    membership.onChange(() => seen.push(hosts()));
    put("b", b, "10.0.0.2:9811");
    await expect.poll(hosts).toEqual(["10.0.0.1", "10.0.0.2"]);
    put("a", a, "10.0.0.3:9811");
    await expect.poll(hosts).toEqual(["10.0.0.2", "10.0.0.3"]);
    remove("b");
    await expect.poll(hosts).toEqual(["10.0.0.3"]);
    expect(seen).toEqual([["10.0.0.1", "10.0.0.2"], ["10.0.0.2", "10.0.0.3"], ["10.0.0.3"]]);
  });

  it("are others after a node has come back with another peer id", async () => {
    put("a", a);
    membership.start();
    await expect.poll(() => membership.members()).toMatchObject([{ peerId: a }]);
    put("a", b);
    await expect.poll(() => membership.members()).toMatchObject([{ peerId: b }]);
  });

  it("are told once when many come at a time", async () => {
    const peers = await Promise.all(Array.from({ length: 100 }, (_, index) => testPeerId(index + 1)));
    for (const [index, peer] of peers.entries()) put(`n-${index}`, peer, `10.0.1.${index}:9811`);
    let changes = 0;
    membership.onChange(() => changes++);
    membership.start();
    await expect.poll(() => membership.members().length).toBe(100);
    expect(changes).toBe(1);
  });

  it("of hostile Leases are none, and the others stay", async () => {
    put("a", a);
    put("self", self, "10.6.6.6:1");
    put("loopback", b, "127.0.0.1:6443");
    put("odd", "../../etc", "10.0.0.1:1");
    api.store.put(LEASES, { metadata: { name: "niphas-mesh-empty", namespace: "mesh", labels: LABELS } });
    membership.start();
    await expect.poll(hosts).toEqual(["10.0.0.1"]);
    await expect.poll(() => log.lines.length).toBeGreaterThanOrEqual(3);
  });

  it("of other Leases and namespaces are none", async () => {
    const annotations = { "mesh.niphas.io/address": "10.0.0.1:1" };
    const spec = { holderIdentity: a };
    api.store.put(LEASES, { metadata: { name: "niphas-mesh-x", namespace: "mesh", annotations }, spec });
    api.store.put(LEASES, {
      metadata: { name: "niphas-mesh-x", namespace: "other", labels: LABELS, annotations },
      spec,
    });
    put("b", b, "10.0.0.2:1");
    membership.start();
    await expect.poll(hosts).toEqual(["10.0.0.2"]);
  });

  it("count whatever the clock of their node says", async () => {
    put("a", a, "10.0.0.1:1", "1970-01-01T00:00:00.000000Z");
    put("b", b, "10.0.0.2:1", "2999-01-01T00:00:00.000000Z");
    membership.start();
    await expect.poll(hosts).toEqual(["10.0.0.1", "10.0.0.2"]);
  });

  it("stay while the API server is away, and are put right afterwards although it has forgotten our place", async () => {
    put("a", a);
    membership.start();
    await expect.poll(hosts).toEqual(["10.0.0.1"]);
    await expect.poll(() => api.watches.count).toBe(1);
    api.setFaults({ drop: true });
    api.watches.end("broken");
    await expect.poll(() => membership.problem?.code).toBe("ApiUnavailable");
    remove("a");
    put("b", b, "10.0.0.2:1");
    api.compact();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(hosts()).toEqual(["10.0.0.1"]);
    api.setFaults();
    await expect.poll(hosts).toEqual(["10.0.0.2"]);
    await expect.poll(() => membership.problem).toBe(undefined);
    expect(log.lines.filter((line) => line.includes("keeps the members"))).toHaveLength(1);
  });

  it("are none, and that is told once, while we may not list them", async () => {
    put("a", a);
    api.setFaults({ method: "GET", path: /leases/, status: 403, message: "leases is forbidden" });
    membership.start();
    await expect.poll(() => membership.problem?.code).toBe("ApiDenied");
    await expect.poll(() => api.log.length).toBeGreaterThan(5);
    expect(hosts()).toEqual([]);
    expect(holder()).toBe(self);
    expect(log.lines).toHaveLength(1);
    api.setFaults();
    await expect.poll(hosts).toEqual(["10.0.0.1"]);
  });
});
