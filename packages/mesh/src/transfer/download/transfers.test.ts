import { readdir } from "node:fs/promises";
import { NiphasError } from "@niphas/core";
import { describe, expect, it } from "vitest";
import type { PeerId } from "../../ports.ts";
import { pathHashOf } from "../../upstream/path-hash.ts";
import { DOWNLOAD_LIMITS, SPOOL_LIMITS } from "../limits.ts";
import type { PeerConduct } from "../twins/memory-peers.ts";
import { asInfo, type TestNar, TestTransfers, testNar } from "../twins/test-transfers.ts";

const MIB = 2 ** 20;

describe("a NAR among peers", () => {
  it("comes from a peer, and nothing from upstream", async () => {
    await using mesh = await TestTransfers.create();
    const nar = testNar(MIB);
    mesh.publish(nar);
    mesh.hold("a", [nar], "honest");
    expect((await mesh.during(mesh.get(nar))).equals(nar.bytes)).toBe(true);
    expect(mesh.upstream.starts).toEqual([]);
    expect(mesh.coordinator.wants).toBe(0);
  });

  it.each<PeerConduct>([
    "lying",
    "truncating",
    "endless",
    "silent",
    "stalling",
    "busy",
    "later",
    "empty",
    "vanishing",
    "odd",
  ])("comes right although the only holder is %s", async (conduct) => {
    await using mesh = await TestTransfers.create();
    const nar = testNar(MIB);
    mesh.publish(nar);
    mesh.hold("a", [nar], conduct);
    expect((await mesh.during(mesh.get(nar))).equals(nar.bytes)).toBe(true);
    expect(mesh.peers.openBodies + mesh.upstream.openBodies).toBe(0);
  });

  it("comes in ranges from four peers at once when it is large", async () => {
    await using mesh = await TestTransfers.create();
    const nar = testNar(40 * MIB);
    for (const name of ["a", "b", "c", "d", "e", "f"]) mesh.hold(name, [nar], "honest", { pieceMs: 1 });
    expect((await mesh.during(mesh.get(nar))).equals(nar.bytes)).toBe(true);
    expect(mesh.peers.maxOpenBodies).toBe(4);
  });

  it("goes on at the byte where a source stopped, from another one", async () => {
    await using mesh = await TestTransfers.create({ random: () => 0 });
    const nar = testNar(8 * MIB);
    const first = mesh.hold("a", [nar], "vanishing");
    const second = mesh.hold("b", [nar], "honest");
    expect((await mesh.during(mesh.get(nar))).equals(nar.bytes)).toBe(true);
    const asked = [first, second].map((peer) => mesh.peers.peers.get(peer)?.asked);
    expect(asked[0]).toEqual([{ start: 0, end: 8 * MIB }]);
    expect(asked[1]).toEqual([{ start: 4 * MIB, end: 8 * MIB }]);
  });

  it("goes on from upstream at the byte where the last peer stopped", async () => {
    await using mesh = await TestTransfers.create();
    const nar = testNar(8 * MIB);
    mesh.publish(nar);
    mesh.hold("a", [nar], "stalling");
    expect((await mesh.during(mesh.get(nar))).equals(nar.bytes)).toBe(true);
    expect(mesh.upstream.starts).toEqual([4 * MIB]);
  });

  it("loses less than a second with a peer that stands still while others are there, and then leaves it alone", async () => {
    await using mesh = await TestTransfers.create({ random: () => 0 });
    const nars = [testNar(MIB, 0), testNar(MIB, 1)];
    const frozen = mesh.hold("a", nars, "stalling");
    mesh.hold("b", nars, "honest");
    const startMs = mesh.clock.nowMs();
    for (const nar of nars) await mesh.during(mesh.get(nar));
    expect(mesh.clock.nowMs() - startMs).toBeLessThan(1000);
    expect(mesh.peers.peers.get(frozen)?.asked).toHaveLength(1);
  });

  it("replaces a source that is slow beside the others", async () => {
    await using mesh = await TestTransfers.create({ random: () => 0 });
    const nar = testNar(40 * MIB);
    const slow = mesh.hold("a", [nar], "slow");
    for (const name of ["b", "c", "d", "e"]) mesh.hold(name, [nar], "honest", { pieceMs: 20 });
    expect((await mesh.during(mesh.get(nar))).equals(nar.bytes)).toBe(true);
    expect(mesh.events).toContainEqual(expect.objectContaining({ kind: "abandoned", peer: slow, reason: "slow" }));
  });

  it("has idle sources take half of what the slowest has left", async () => {
    await using mesh = await TestTransfers.create({ random: () => 0 });
    const nar = testNar(40 * MIB);
    // Not slow enough to be replaced.
    const tardy = mesh.hold("a", [nar], "honest", { pieceMs: 60 });
    for (const name of ["b", "c", "d"]) mesh.hold(name, [nar], "honest", { pieceMs: 20 });
    expect((await mesh.during(mesh.get(nar), 1)).equals(nar.bytes)).toBe(true);
    const starts = [...mesh.peers.peers.values()].flatMap(({ asked }) => asked.map(({ start }) => start));
    expect(starts.filter((start) => start % (8 * MIB) !== 0)).not.toEqual([]);
    expect(mesh.events).not.toContainEqual(expect.objectContaining({ kind: "abandoned", peer: tardy }));
  });

  it("asks a peer that stood still again only when there is nobody else", async () => {
    await using mesh = await TestTransfers.create({ random: () => 0 });
    const nars = Array.from({ length: 8 }, (_, index) => testNar(MIB, index));
    const frozen = mesh.hold("a", nars, "silent");
    mesh.hold("b", nars, "honest");
    for (const nar of nars) {
      await mesh.during(mesh.get(nar));
      // Longer than the pause that it gets for it.
      await mesh.clock.advance(5_000);
    }
    expect(mesh.peers.peers.get(frozen)?.asked).toHaveLength(1);
  });

  it("asks those first whom a busy peer names", async () => {
    await using mesh = await TestTransfers.create({ random: () => 0 });
    const nar = testNar(MIB);
    mesh.hold("a", [nar], "busy", { hints: ["c" as PeerId] });
    const other = mesh.hold("b", [nar], "honest");
    const hinted = mesh.hold("c", [nar], "honest");
    await mesh.during(mesh.get(nar));
    expect(mesh.peers.peers.get(hinted)?.asked).toHaveLength(1);
    expect(mesh.peers.peers.get(other)?.asked).toHaveLength(0);
  });

  it("waits for a busy peer that gets a free slot", async () => {
    await using mesh = await TestTransfers.create();
    const nar = testNar(MIB);
    const peer = mesh.hold("a", [nar], "busy");
    const got = mesh.get(nar);
    await mesh.clock.advance(1000);
    const memory = mesh.peers.peers.get(peer);
    expect(memory?.asked.length).toBeGreaterThan(1);
    expect(memory?.asked.length).toBeLessThan(12);
    if (memory !== undefined) memory.conduct = "honest";
    expect((await mesh.during(got)).equals(nar.bytes)).toBe(true);
    expect(mesh.upstream.starts).toEqual([]);
  });

  it("tails a peer that is getting it, as the coordinator says", async () => {
    await using mesh = await TestTransfers.create();
    const nar = testNar(2 * MIB);
    const fetcher = mesh.hold("a", [], "honest", { hasBytes: MIB });
    mesh.peers.peers.get(fetcher)?.nars.set(pathHashOf(nar.wanted.path), nar.bytes);
    mesh.peers.of = () => [];
    mesh.coordinator.errands = [{ kind: "tail", peers: [fetcher] }];
    const got = mesh.get(nar);
    await mesh.clock.advance(1500);
    const memory = mesh.peers.peers.get(fetcher);
    if (memory !== undefined) memory.hasBytes = 2 * MIB;
    expect((await mesh.during(got)).equals(nar.bytes)).toBe(true);
    expect(mesh.coordinator.reported).toContain(MIB);
    expect(mesh.coordinator.outcomes).toEqual(["have"]);
  });

  it("fetches from upstream when the coordinator says so, or when there is none", async () => {
    for (const errand of [{ kind: "fetch" } as const, "absent" as const]) {
      await using mesh = await TestTransfers.create();
      mesh.coordinator.errands = [errand];
      const nar = testNar(MIB);
      mesh.publish(nar);
      expect((await mesh.during(mesh.get(nar))).equals(nar.bytes)).toBe(true);
      expect(mesh.coordinator.outcomes).toEqual(errand === "absent" ? [] : ["have"]);
    }
  });

  it("asks the coordinator again when whom it named comes to nothing, and then upstream", async () => {
    await using mesh = await TestTransfers.create();
    const nar = testNar(MIB);
    mesh.publish(nar);
    const never = mesh.hold("a", [], "later");
    mesh.coordinator.errands = [{ kind: "tail", peers: [never] }];
    expect((await mesh.during(mesh.get(nar))).equals(nar.bytes)).toBe(true);
    expect(mesh.coordinator.wants).toBeGreaterThan(2);
    expect(mesh.clock.nowMs()).toBeLessThan(13_000);
  });

  it.each([
    "failing",
    "stalling",
    "truncating",
    "lying",
  ] as const)("fails with an error when upstream is %s and nobody else has it", async (conduct) => {
    await using mesh = await TestTransfers.create();
    const nar = testNar(MIB);
    mesh.publish(nar);
    mesh.upstream.conduct = conduct;
    const code = conduct === "lying" ? "BadBytes" : "SubstituterUnavailable";
    await expect(mesh.during(mesh.get(nar))).rejects.toMatchObject({ code });
    expect(mesh.coordinator.outcomes).toContain("failed");
    expect(mesh.transfers.count).toBe(0);
  });

  it("comes once for all who want it at the same time", async () => {
    await using mesh = await TestTransfers.create();
    const nar = testNar(MIB);
    mesh.publish(nar);
    const got = await mesh.during(Promise.all([mesh.get(nar), mesh.get(nar), mesh.get(nar)]));
    expect(got.every((bytes) => bytes.equals(nar.bytes))).toBe(true);
    expect(mesh.upstream.starts).toEqual([0]);
  });
});

describe("a NAR that was got", () => {
  it("is kept for a minute", async () => {
    await using mesh = await TestTransfers.create();
    const nar = testNar(MIB);
    mesh.publish(nar);
    await mesh.during(mesh.get(nar));
    await mesh.clock.advance(59_000);
    expect(mesh.transfers.count).toBe(1);
    await mesh.clock.advance(2000);
    expect(mesh.transfers.count).toBe(0);
    expect(mesh.spools.usedBytes).toEqual({ memory: 0, disk: 0 });
  });

  it("goes as soon as it is a valid path", async () => {
    await using mesh = await TestTransfers.create();
    const nar = testNar(MIB);
    mesh.publish(nar);
    await mesh.during(mesh.get(nar));
    const info = { ...nar.wanted, references: [], deriver: undefined, signatures: [], contentAddress: undefined };
    mesh.valid.set(pathHashOf(nar.wanted.path), info);
    await mesh.clock.advance(5000);
    expect(mesh.transfers.count).toBe(0);
  });

  it("makes room for new ones when nobody reads it", async () => {
    await using mesh = await TestTransfers.create({ memoryBytes: 0, diskBytes: MIB });
    for (const nar of [testNar(MIB, 0), testNar(MIB, 1)]) {
      mesh.publish(nar);
      expect((await mesh.during(mesh.get(nar))).equals(nar.bytes)).toBe(true);
    }
  });
});

describe("a reader that leaves", () => {
  it.each([0, 1, 5, 30, 700])("after %i ms leaves no file, timer or stream", async (afterMs) => {
    for (const conduct of ["honest", "slow", "silent", "busy", "later", "stalling"] as const) {
      await using mesh = await TestTransfers.create();
      const nar = testNar(40 * MIB);
      mesh.upstream.conduct = "stalling";
      mesh.publish(nar);
      for (const name of ["a", "b", "c"]) mesh.hold(name, [nar], conduct, { pieceMs: 7 });
      const leaving = new AbortController();
      const got = mesh.get(nar, { start: 0, end: 40 * MIB }, leaving.signal);
      got.catch(() => undefined);
      await mesh.clock.advance(afterMs);
      leaving.abort(new Error("left"));
      await expect(mesh.during(got, 1)).rejects.toThrow("left");
      expect(mesh.clock.timerCount).toBe(0);
      expect(mesh.peers.openBodies + mesh.upstream.openBodies).toBe(0);
      await expect.poll(() => mesh.spools.usedBytes).toEqual({ memory: 0, disk: 0 });
      expect(await readdir(mesh.directory)).toEqual([]);
      expect(mesh.transfers.count).toBe(0);
    }
  });
});

describe("room for NARs", () => {
  it("is refused when the disk is full, without a trace", async () => {
    await using mesh = await TestTransfers.create({ freeBytes: () => MIB });
    const nar = testNar(20 * MIB);
    mesh.publish(nar);
    await expect(mesh.during(mesh.get(nar))).rejects.toMatchObject({ code: "DiskFull" });
    expect(mesh.events).toContainEqual({ kind: "refused", path: pathHashOf(nar.wanted.path) });
    expect(mesh.transfers.count).toBe(0);
    expect(mesh.clock.timerCount).toBe(0);
  });

  it("runs out in the middle of a NAR: Nix gets an error, and nothing is left", async () => {
    await using mesh = await TestTransfers.create({ memoryBytes: 0 });
    const nar = testNar(MIB);
    mesh.hold("a", [nar], "honest");
    const { wanted } = nar;
    using lease = await mesh.during(mesh.transfers.open(wanted, new AbortController().signal));
    lease.spool.fail(new NiphasError("DiskFull", "no space left on device"));
    await expect(mesh.during(lease.spool.verified(new AbortController().signal))).rejects.toMatchObject({
      code: "DiskFull",
    });
    await expect.poll(() => mesh.spools.usedBytes.disk).toBe(0);
    expect(mesh.events).not.toContainEqual(expect.objectContaining({ kind: "abandoned" }));
    expect(mesh.transfers.count).toBe(0);
  });

  it("is at most 98 MiB of memory with 100 NARs and readers that stand still", async () => {
    await using mesh = await TestTransfers.create();
    const nars = Array.from({ length: 100 }, (_, index) => testNar(MIB, index));
    for (const name of ["a", "b", "c"]) mesh.hold(name, nars, "honest", { pieceMs: 1 });
    const open = async ({ wanted }: TestNar): Promise<AsyncIterator<Uint8Array>> => {
      const range = { start: 0, end: wanted.narSizeBytes };
      const body = await mesh.nix.open(asInfo(wanted), range, new AbortController().signal);
      const reader = body[Symbol.asyncIterator]();
      expect((await reader.next()).done).toBe(false);
      return reader;
    };
    const readers = await mesh.during(Promise.all(nars.map(open)));
    const { memory, disk } = mesh.spools.usedBytes;
    expect(memory + disk).toBe(100 * MIB);
    const inHandsOfReaders = readers.length * SPOOL_LIMITS.pieceBytes;
    const inHandsOfSources = DOWNLOAD_LIMITS.maxNars * DOWNLOAD_LIMITS.maxSources * SPOOL_LIMITS.pieceBytes;
    const toFiles = SPOOL_LIMITS.recentBytes + DOWNLOAD_LIMITS.maxNars * SPOOL_LIMITS.unwrittenBytes;
    expect(memory + inHandsOfReaders + inHandsOfSources + toFiles).toBeLessThanOrEqual(98 * MIB);
    expect(mesh.peers.maxOpenBodies).toBeLessThanOrEqual(DOWNLOAD_LIMITS.maxNars);
    await Promise.all(readers.map((reader) => reader.return?.()));
  });
});
