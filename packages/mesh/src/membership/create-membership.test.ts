import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { NiphasError } from "@niphas/core";
import { FakeApiServer } from "@niphas/testing";
import { beforeAll, describe, expect, it } from "vitest";
import type { PeerId } from "../ports.ts";
import { createMembership, type MembershipInit } from "./create-membership.ts";
import { parseMembers } from "./members-flag.ts";
import { LogLines } from "./twins/log-lines.ts";
import { testPeerId } from "./twins/test-peers.ts";

let self: PeerId;
let a: PeerId;
beforeAll(async () => {
  self = await testPeerId(0);
  a = await testPeerId(1);
});

const nobody = async (): Promise<never> => {
  throw new NiphasError("SubstituterUnavailable", "nobody");
};

async function create(flag: string, init: Partial<MembershipInit> = {}) {
  const components = { log: new LogLines(), identifier: { identify: nobody } };
  return await createMembership(parseMembers(flag), components, { self, port: 9811, hasGroupSecret: false, ...init });
}

const cluster = { nodeName: "own", namespace: "mesh", host: "10.0.0.9", version: "0.1.0" };

describe("the membership that --members asks for", () => {
  it("has the members of a list, which may name ourselves", async () => {
    await using membership = await create(`static:${self}@10.0.0.9:9811,${a}@10.0.0.1:9811`);
    membership.start();
    expect(membership.members()).toEqual([{ peerId: a, host: "10.0.0.1", port: 9811, zone: undefined }]);
    expect([membership.problem, membership.zone]).toEqual([undefined, undefined]);
  });

  it("looks for members by DNS only with a group secret", async () => {
    await expect(create("dns:mesh.example.org")).rejects.toThrow("--members: members by DNS need a group secret");
    await using membership = await create("dns:mesh.example.org", { hasGroupSecret: true });
    expect(membership.members()).toEqual([]);
  });

  it("needs to know for Kubernetes where it is", async () => {
    await expect(create("kubernetes")).rejects.toThrow("need the names of node and namespace");
    for (const host of ["127.0.0.1", "node-1", ""]) {
      const refused = create("kubernetes", { cluster: { ...cluster, host } });
      await expect(refused).rejects.toThrow("need an IP address at which other nodes reach this one");
    }
  });

  it("speaks to the API server by itself", async () => {
    const directory = mkdtempSync(join(tmpdir(), "niphas-mesh-"));
    await using api = await FakeApiServer.start();
    api.store.put("v1/nodes", { metadata: { name: "own" } });
    const kubeconfigFile = join(directory, "kubeconfig");
    api.writeKubeconfig(kubeconfigFile);
    try {
      await using membership = await create("kubernetes", { cluster: { ...cluster, kubeconfigFile } });
      membership.start();
      await expect
        .poll(() => api.store.list({ resource: "coordination.k8s.io/v1/leases", namespace: "mesh" }))
        .toHaveLength(1);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
