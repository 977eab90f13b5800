import { describe, expect, it } from "vitest";
import type { PeerId } from "../../ports.ts";
import { pathHashOf } from "../../upstream/path-hash.ts";
import { TestTransfers, testNar } from "../twins/test-transfers.ts";

const MIB = 2 ** 20;

function quarantined(mesh: TestTransfers): readonly PeerId[] {
  return mesh.traffic.quarantine.entries.map(({ peer }) => peer);
}

describe("a peer that gives wrong bytes", () => {
  it("is quarantined when it was the only source", async () => {
    await using mesh = await TestTransfers.create();
    const nar = testNar(MIB);
    mesh.publish(nar);
    const liar = mesh.hold("liar", [nar], "lying");
    expect((await mesh.during(mesh.get(nar))).equals(nar.bytes)).toBe(true);
    expect(quarantined(mesh)).toEqual([liar]);
    expect(mesh.traffic.quarantine.entries[0]?.reason).toBe(`gave wrong bytes of ${nar.wanted.path}`);
  });

  it.each([
    ["upstream", true],
    ["the peers alone, when no binary cache has the NAR", false],
  ])("is named among four by comparison with %s, and nobody else is", async (_, hasUpstream) => {
    await using mesh = await TestTransfers.create();
    const nar = testNar(40 * MIB);
    if (hasUpstream) mesh.publish(nar);
    for (const name of ["a", "b", "c"]) mesh.hold(name, [nar], "honest", { pieceMs: 2 });
    const liar = mesh.hold("liar", [nar], "lying", { pieceMs: 2 });
    await expect(mesh.during(mesh.get(nar))).rejects.toMatchObject({ code: "BadBytes" });
    // Who asks again waits for the NAR that was got for the comparison.
    expect((await mesh.during(mesh.get(nar))).equals(nar.bytes)).toBe(true);
    expect(quarantined(mesh)).toEqual([liar]);
    expect(mesh.events).toContainEqual({ kind: "corrupt", path: pathHashOf(nar.wanted.path), culprits: [liar] });
  });

  it("is asked for nothing more", async () => {
    await using mesh = await TestTransfers.create();
    const nars = [testNar(MIB, 0), testNar(MIB, 1)];
    mesh.publish(...nars);
    const liar = mesh.hold("liar", nars, "lying");
    for (const nar of nars) await mesh.during(mesh.get(nar));
    expect(mesh.peers.peers.get(liar)?.asked).toHaveLength(1);
  });

  it("does not spoil a small NAR for Nix, even when it gave only a part of it", async () => {
    await using mesh = await TestTransfers.create({ random: () => 0 });
    const nar = testNar(4 * MIB);
    mesh.publish(nar);
    const vanishing = mesh.hold("a", [nar], "vanishing");
    const liar = mesh.hold("liar", [nar], "lying");
    expect((await mesh.during(mesh.get(nar))).equals(nar.bytes)).toBe(true);
    expect(quarantined(mesh)).toEqual([liar]);
    expect(quarantined(mesh)).not.toContain(vanishing);
  });

  it("is let off when it was getting the NAR itself and could not know", async () => {
    await using mesh = await TestTransfers.create({ random: () => 0 });
    const nar = testNar(4 * MIB);
    mesh.publish(nar);
    const relay = mesh.hold("relay", [nar], "lying", { hasBytes: 2 * MIB });
    const honest = mesh.hold("source", [nar], "honest");
    expect((await mesh.during(mesh.get(nar))).equals(nar.bytes)).toBe(true);
    expect(quarantined(mesh)).toEqual([]);
    const corrupt = { kind: "corrupt", path: pathHashOf(nar.wanted.path), culprits: [relay] };
    expect([relay, honest].map((peer) => mesh.peers.peers.get(peer)?.asked.length)).not.toContain(0);
    expect(mesh.events).toContainEqual(corrupt);
  });

  it("cannot put the blame on others by naming them when it is asked alone", async () => {
    // The first choice is "a", the next one the liar.
    const chances = [0.9, 0.9];
    await using mesh = await TestTransfers.create({ random: () => chances.shift() ?? 0.1 });
    const nar = testNar(4 * MIB);
    const liar = mesh.hold("liar", [nar], "lying");
    const busy = mesh.hold("a", [nar], "vanishing");
    mesh.hold("honest", [nar], "honest");
    const got = mesh.get(nar);
    const memory = mesh.peers.peers.get(busy);
    await mesh.clock.advance(1);
    if (memory !== undefined) Object.assign(memory, { conduct: "busy", hints: [liar] });
    expect((await mesh.during(got)).equals(nar.bytes)).toBe(true);
    expect(quarantined(mesh)).toEqual([liar]);
  });

  it("leaves no room taken, whoever lied", async () => {
    await using mesh = await TestTransfers.create();
    const nar = testNar(40 * MIB);
    for (const name of ["a", "b"]) mesh.hold(name, [nar], "lying", { pieceMs: 2 });
    await expect(mesh.during(mesh.get(nar))).rejects.toMatchObject({ code: "BadBytes" });
    await expect(mesh.during(mesh.get(nar))).rejects.toBeInstanceOf(Error);
    expect([...quarantined(mesh)].sort()).toEqual(["a", "b"]);
    await expect.poll(() => mesh.spools.usedBytes).toEqual({ memory: 0, disk: 0 });
    expect(mesh.transfers.count).toBe(0);
    expect(mesh.clock.timerCount).toBe(0);
  });
});
