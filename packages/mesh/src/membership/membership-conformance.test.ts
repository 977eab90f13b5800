import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { NiphasError } from "@niphas/core";
import { FakeApiServer } from "@niphas/testing";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Member, Membership, PeerId } from "../ports.ts";
import { createMembership } from "./create-membership.ts";
import { DnsMembership } from "./dns/dns-membership.ts";
import { LogLines } from "./twins/log-lines.ts";
import { MemoryMembership } from "./twins/memory-membership.ts";
import { testMember, testPeerId } from "./twins/test-peers.ts";

const LEASES = "coordination.k8s.io/v1/leases";
const LABELS = { "app.kubernetes.io/name": "niphas", "app.kubernetes.io/component": "mesh" };

let self: PeerId;
let a: Member;
let b: Member;
const stack = { current: new AsyncDisposableStack() };
beforeAll(async () => {
  self = await testPeerId(0);
  a = testMember(await testPeerId(1), 1);
  b = testMember(await testPeerId(2), 2);
});
beforeEach(() => {
  stack.current = new AsyncDisposableStack();
});
afterEach(async () => {
  await stack.current.disposeAsync();
});

interface Fixture {
  readonly membership: Membership;
  /** Makes these the members, from outside. */
  readonly set: (members: readonly Member[]) => void;
}

async function inMemory(): Promise<Fixture> {
  const membership = stack.current.use(new MemoryMembership({ self }));
  return { membership, set: (members) => membership.set(members) };
}

async function byDns(): Promise<Fixture> {
  let present: readonly Member[] = [];
  const resolver = { resolve: async () => present.map(({ host }) => host) };
  const identify = async ({ host }: { readonly host: string }): Promise<PeerId> => {
    const found = present.find((member) => member.host === host);
    if (found === undefined) throw new NiphasError("SubstituterUnavailable", "nobody");
    return found.peerId;
  };
  const components = { resolver, identifier: { identify }, log: new LogLines() };
  const init = { self, name: "mesh.example.org", port: 9811, intervalMs: 5 };
  const membership = stack.current.use(new DnsMembership(components, init));
  membership.start();
  return { membership, set: (members) => (present = members) };
}

async function byLeases(): Promise<Fixture> {
  const directory = mkdtempSync(join(tmpdir(), "niphas-mesh-"));
  stack.current.defer(() => rmSync(directory, { recursive: true }));
  const api = stack.current.use(await FakeApiServer.start());
  api.store.put("v1/nodes", { metadata: { name: "own" } });
  const kubeconfigFile = join(directory, "kubeconfig");
  api.writeKubeconfig(kubeconfigFile);
  const cluster = { nodeName: "own", namespace: "mesh", host: "10.0.0.9", version: "0.1.0", kubeconfigFile };
  const components = { log: new LogLines(), identifier: { identify: () => Promise.reject(new Error("not asked")) } };
  const init = { self, port: 9811, hasGroupSecret: false, cluster };
  const membership = stack.current.use(await createMembership({ kind: "kubernetes" }, components, init));
  membership.start();
  return { membership, set: (members) => setLeases(api, members) };
}

function setLeases({ store }: FakeApiServer, members: readonly Member[]): void {
  for (const { metadata } of store.list({ resource: LEASES, namespace: "mesh" })) {
    const isWanted = members.some(({ host }) => metadata.name === `niphas-mesh-${host}`);
    if (!isWanted && metadata.name !== "niphas-mesh-own")
      store.remove({ ...metadata, resource: LEASES, namespace: "mesh" });
  }
  for (const { peerId, host, port } of members) {
    const annotations = { "mesh.niphas.io/address": `${host}:${port}` };
    const metadata = { name: `niphas-mesh-${host}`, namespace: "mesh", labels: LABELS, annotations };
    store.put(LEASES, { metadata, spec: { holderIdentity: peerId } });
  }
}

describe.each([
  ["in memory", inMemory],
  ["by DNS", byDns],
  ["by Leases", byLeases],
])("a membership %s", (_, make) => {
  it("has the members that there are, each peer id once, without ourselves", async () => {
    const { membership, set } = await make();
    expect(membership.members()).toEqual([]);
    set([b, a, testMember(self, 9), { ...a, host: "10.0.0.3" }]);
    const expected = [a, b].sort((one, other) => (one.peerId < other.peerId ? -1 : 1));
    await expect.poll(() => membership.members()).toEqual(expected);
  });

  it("tells its listeners of joins, moves and leaves, when they have happened", async () => {
    const { membership, set } = await make();
    const seen: (readonly string[])[] = [];
    membership.onChange(() => seen.push(membership.members().map(({ host }) => host)));
    expect(seen).toEqual([]);
    set([a]);
    await expect.poll(() => seen.at(-1)).toEqual(["10.0.0.1"]);
    set([{ ...a, host: "10.0.0.3" }]);
    await expect.poll(() => seen.at(-1)).toEqual(["10.0.0.3"]);
    set([b]);
    await expect.poll(() => seen.at(-1)).toEqual(["10.0.0.2"]);
  });

  it("tells nothing to who has stopped listening, and to nobody once it has ended", async () => {
    const { membership, set } = await make();
    let [stopped, heard] = [0, 0];
    membership.onChange(() => stopped++)[Symbol.dispose]();
    membership.onChange(() => heard++);
    set([a]);
    await expect.poll(() => heard).toBeGreaterThan(0);
    await membership[Symbol.asyncDispose]();
    const before = heard;
    set([b]);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect([stopped, heard]).toEqual([0, before]);
  });
});
