import { isNiphasError } from "@niphas/core";
import fc from "fast-check";
import { expect, it } from "vitest";
import type { ByteRange } from "../../ports.ts";
import { SPOOL_LIMITS } from "../limits.ts";
import type { PeerConduct } from "../twins/memory-peers.ts";
import type { UpstreamConduct } from "../twins/memory-upstream-nars.ts";
import { asInfo, type TestNar, TestTransfers, testNar } from "../twins/test-transfers.ts";

const KIB = 1024;
const MIB = 1024 * KIB;

const conduct = fc.constantFrom<PeerConduct[]>(
  "honest",
  "lying",
  "truncating",
  "endless",
  "slow",
  "silent",
  "stalling",
  "busy",
  "offering",
  "later",
  "empty",
  "vanishing",
  "odd",
);

const peer = fc.record({
  conduct,
  pieceMs: fc.nat(30),
  hasBytes: fc.oneof(fc.constant(Number.POSITIVE_INFINITY), fc.nat(34 * MIB)),
});

const scenario = fc.record({
  sizeBytes: fc.oneof(
    fc.integer({ min: 1, max: 200 * KIB }),
    fc.integer({ min: 16 * MIB - 2, max: 17 * MIB }),
    fc.constant(33 * MIB),
  ),
  from: fc.double({ min: 0, max: 0.99, noNaN: true }),
  to: fc.double({ min: 0, max: 1, noNaN: true }),
  peers: fc.array(peer, { maxLength: 5 }),
  upstream: fc.option(fc.constantFrom<UpstreamConduct[]>("honest", "failing", "stalling", "lying", "truncating"), {
    nil: undefined,
  }),
  hasCoordinator: fc.boolean(),
  abortAfterMs: fc.option(fc.nat(3000), { nil: undefined, freq: 4 }),
  seed: fc.integer(),
});

type Scenario = typeof scenario extends fc.Arbitrary<infer T> ? T : never;

/** Numbers that are the same in each run with the same seed. */
function seeded(seed: number): () => number {
  let turn = seed >>> 0;
  return () => {
    turn = (Math.imul(turn, 1_664_525) + 1_013_904_223) >>> 0;
    return turn / 2 ** 32;
  };
}

async function setUp(chosen: Scenario, nar: TestNar): Promise<TestTransfers> {
  const mesh = await TestTransfers.create({ pieceBytes: 256 * KIB, random: seeded(chosen.seed) });
  for (const [index, { conduct: each, ...rest }] of chosen.peers.entries()) mesh.hold(`p${index}`, [nar], each, rest);
  if (chosen.upstream !== undefined) mesh.publish(nar);
  mesh.upstream.conduct = chosen.upstream ?? "honest";
  if (!chosen.hasCoordinator) mesh.coordinator.errands = ["absent"];
  return mesh;
}

interface Given {
  readonly bytes: Buffer;
  /** Undefined: Nix has all that it asked for. */
  readonly failure: unknown;
}

async function readAsNix(
  mesh: TestTransfers,
  { wanted }: TestNar,
  range: ByteRange,
  signal: AbortSignal,
): Promise<Given> {
  const given: Uint8Array[] = [];
  try {
    for await (const bytes of await mesh.nix.open(asInfo(wanted), range, signal)) given.push(bytes);
    return { bytes: Buffer.concat(given), failure: undefined };
  } catch (failure) {
    return { bytes: Buffer.concat(given), failure };
  }
}

function expectClear({ bytes, failure }: Given, wantedBytes: number, sizeBytes: number, hasLeft: boolean): void {
  expect(hasLeft || (isNiphasError(failure) && failure.code !== "Internal")).toBe(true);
  // The end is withheld, so that Nix cannot take it for whole; of a small NAR there is nothing.
  if (!hasLeft) expect(bytes.length).toBeLessThan(sizeBytes > SPOOL_LIMITS.wholeUpToBytes ? wantedBytes : 1);
}

async function expectNothingLeft(mesh: TestTransfers): Promise<void> {
  await mesh.during(mesh.transfers[Symbol.asyncDispose]());
  await expect.poll(() => mesh.spools.usedBytes).toEqual({ memory: 0, disk: 0 });
  expect(mesh.peers.openBodies + mesh.upstream.openBodies).toBe(0);
}

it("ends in the right bytes or a clear error, whatever ranges, sources and faults there are", async () => {
  const property = fc.asyncProperty(scenario, async (chosen) => {
    const nar = testNar(chosen.sizeBytes, chosen.seed);
    await using mesh = await setUp(chosen, nar);
    const start = Math.floor(chosen.from * chosen.sizeBytes);
    const range = { start, end: Math.max(start + 1, Math.ceil(chosen.to * chosen.sizeBytes)) };
    const leaving = new AbortController();
    const leave = (): void => leaving.abort(new Error("left"));
    if (chosen.abortAfterMs !== undefined) mesh.clock.setTimer(chosen.abortAfterMs, leave);
    const given = await mesh.during(readAsNix(mesh, nar, range, leaving.signal), 50);
    if (given.failure === undefined) expect(given.bytes.equals(nar.bytes.subarray(range.start, range.end))).toBe(true);
    else expectClear(given, range.end - range.start, chosen.sizeBytes, leaving.signal.aborted);
    const liars = chosen.peers.flatMap(({ conduct: each }, index) => (each === "lying" ? [`p${index}`] : []));
    for (const { peer: punished } of mesh.traffic.quarantine.entries) expect(liars).toContain(punished);
    await expectNothingLeft(mesh);
  });
  await fc.assert(property, { numRuns: 60 });
}, 300_000);
