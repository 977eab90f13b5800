import { describe, expect, it } from "vitest";
import { TestTransfers, testNar } from "../twins/test-transfers.ts";

const MIB = 2 ** 20;

describe("a large NAR that others are getting too", () => {
  it("comes in part from peers that are getting it too, who say what they have of it", async () => {
    await using mesh = await TestTransfers.create({ pieceBytes: MIB, random: () => 0 });
    const nar = testNar(40 * MIB);
    const has = [{ start: 26 * MIB, end: 36 * MIB }];
    mesh.hold("a", [nar], "honest", { pieceMs: 20 });
    const sharer = mesh.hold("b", [nar], "honest", { has });
    mesh.coordinator.others = [sharer];
    expect((await mesh.during(mesh.get(nar))).equals(nar.bytes)).toBe(true);
    expect(mesh.coordinator.shares).toBeGreaterThan(0);
    await expect.poll(() => mesh.coordinator.outcomes).toEqual(["have"]);
    const received = mesh.events.flatMap((event) =>
      event.kind === "received" && event.source === sharer ? [event.sizeBytes] : [],
    );
    expect(received.reduce((sum, size) => sum + size, 0)).toBeGreaterThan(4 * MIB);
    expect(mesh.upstream.starts).toEqual([]);
  });

  it("is not held up by a peer that offers what it does not give", async () => {
    await using mesh = await TestTransfers.create({ pieceBytes: MIB, random: () => 0 });
    const nar = testNar(40 * MIB);
    mesh.hold("a", [nar], "honest", { pieceMs: 20 });
    const liar = mesh.hold("b", [nar], "offering");
    mesh.coordinator.others = [liar];
    expect((await mesh.during(mesh.get(nar))).equals(nar.bytes)).toBe(true);
    // At most once and again after each pause of 50 ms and more.
    expect(mesh.peers.peers.get(liar)?.asked.length).toBeLessThan(mesh.clock.nowMs() / 10);
  });
});

describe("a NAR from upstream", () => {
  it("is left to the node that took over while upstream stood still here", async () => {
    await using mesh = await TestTransfers.create();
    const nar = testNar(MIB);
    mesh.publish(nar);
    mesh.upstream.conduct = "stalling";
    const other = mesh.hold("b", [nar], "honest", { has: [{ start: 0, end: MIB }] });
    mesh.coordinator.errands = [{ kind: "fetch" }, { kind: "tail", peers: [other] }];
    expect((await mesh.during(mesh.get(nar))).equals(nar.bytes)).toBe(true);
    expect([mesh.upstream.starts, mesh.upstream.openBodies]).toEqual([[0], 0]);
    expect(mesh.clock.nowMs()).toBeLessThan(3_000);
  });

  it("comes from another binary cache when the first one has given it wrong", async () => {
    await using mesh = await TestTransfers.create();
    const nar = testNar(MIB);
    mesh.publish(nar);
    Object.assign(mesh.upstream, { conduct: "lying", hasHonestOther: true });
    expect((await mesh.during(mesh.get(nar))).equals(nar.bytes)).toBe(true);
    expect(mesh.upstream.accused).toEqual([nar.wanted.path]);
  });
});
