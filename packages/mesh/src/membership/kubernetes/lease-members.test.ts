import type { Change, Lease } from "@niphas/kube";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { PeerId } from "../../ports.ts";
import { LogLines } from "../twins/log-lines.ts";
import { testPeerId } from "../twins/test-peers.ts";
import { LeaseMembers } from "./lease-members.ts";

let a: PeerId;
let b: PeerId;
let log: LogLines;
let leases: LeaseMembers;
beforeAll(async () => {
  a = await testPeerId(1);
  b = await testPeerId(2);
});
beforeEach(() => {
  log = new LogLines();
  leases = new LeaseMembers({ log });
});

function change(node: string, holderIdentity: string, more: { readonly made?: string; readonly port?: number } = {}) {
  const name = `niphas-mesh-${node}`;
  const annotations = { "mesh.niphas.io/address": `10.0.0.1:${more.port ?? 9811}` };
  const creationTimestamp = more.made ?? "2026-01-01T00:00:00Z";
  const object: Lease = { metadata: { name, creationTimestamp, annotations }, spec: { holderIdentity } };
  return { key: `mesh/${name}`, object, previous: undefined } satisfies Change<Lease>;
}

const gone = (node: string): Change<Lease> => ({ ...change(node, ""), object: undefined });

describe("members by Leases", () => {
  it("are those of the Leases that can be used", () => {
    expect([leases.take(change("a", a)), leases.take(change("x", "no peer id")), leases.take(change("b", b))]).toEqual([
      true,
      false,
      true,
    ]);
    expect(leases.list().map(({ peerId }) => peerId)).toEqual([a, b]);
  });

  it("are not others after a renewal, but after a move", () => {
    leases.take(change("a", a));
    expect([leases.take(change("a", a)), leases.take(change("a", a, { port: 1 })), leases.take(gone("b"))]).toEqual([
      false,
      true,
      false,
    ]);
  });

  it("go with their Lease, and when it can no longer be used", () => {
    leases.take(change("a", a));
    leases.take(change("b", b));
    expect(leases.take(gone("a"))).toBe(true);
    expect(leases.take(change("b", "no peer id"))).toBe(true);
    expect(leases.list()).toEqual([]);
  });

  it("that share a peer id are one, of the older Lease, until that is gone", () => {
    leases.take(change("evil", a, { made: "2026-01-02T00:00:00Z", port: 666 }));
    leases.take(change("victim", a, { made: "2026-01-01T00:00:00Z" }));
    expect(leases.list()).toMatchObject([{ peerId: a, port: 9811 }]);
    expect(log.lines).toEqual([expect.stringContaining("it has the peer id of niphas-mesh-victim")]);
    leases.take(gone("victim"));
    expect(leases.list()).toMatchObject([{ peerId: a, port: 666 }]);
  });

  it("that are refused again and again are told once for each reason", () => {
    for (let turn = 0; turn < 5; turn++) {
      leases.take(change("x", "no peer id"));
      leases.take(change("x", a, { port: 0 }));
      leases.take(change("x", a));
      leases.take(change("y", a));
      leases.list();
    }
    expect(log.lines).toHaveLength(3);
  });

  it("that are refused by the thousand fill neither the log nor the memory", () => {
    for (let node = 0; node < 20_000; node++) leases.take(change(`evil-${node}`, "no peer id"));
    expect(log.lines).toHaveLength(1000);
    expect(log.lines.at(-1)).toContain('"further":"not told"');
    leases.take(change("a", a));
    expect(leases.list()).toHaveLength(1);
  });

  it("are bounded in number, the oldest", async () => {
    leases = new LeaseMembers({ log }, { maxMembers: 2 });
    const youngest = [await testPeerId(3), await testPeerId(4)];
    for (const [index, peer] of [...youngest, b, a].entries()) {
      leases.take(change(String(index), peer, { made: `2026-01-0${9 - index}T00:00:00Z` }));
    }
    expect(leases.list().map(({ peerId }) => peerId)).toEqual([a, b]);
    expect(log.lines).toEqual([expect.stringContaining("there are more than 2")]);
  });
});
