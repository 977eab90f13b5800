import { NiphasError } from "@niphas/core";
import { describe, expect, it } from "vitest";
import type { ByteRange, NarAnswer, PeerId, PeerPathInfo } from "../../ports.ts";
import { pathHashOf } from "../../upstream/path-hash.ts";
import { DOWNLOAD_LIMITS } from "../limits.ts";
import { RecentTakers } from "../slots/recent-takers.ts";
import { UploadSlots } from "../slots/upload-slots.ts";
import { asInfo, type TestNar, TestTransfers, testNar } from "../twins/test-transfers.ts";
import { PeerSource } from "./peer-source.ts";

const MIB = 2 ** 20;
const PEER = "peer" as PeerId;
const FOREVER = new AbortController().signal;

class Serving implements AsyncDisposable {
  readonly mesh: TestTransfers;
  readonly slots = new UploadSlots({ count: 1 });
  readonly takers = new RecentTakers();
  readonly source: PeerSource;
  readonly valid = new Map<string, TestNar>();
  isStoreBroken = false;
  isSigned: boolean = true;
  contentAddress: string | undefined;

  constructor(mesh: TestTransfers) {
    this.mesh = mesh;
    const { transfers, clock, events } = mesh;
    const store = {
      pathInfo: (path: string) => this.#pathInfo(path),
      nar: (path: string, range: ByteRange) => this.#nar(path, range),
    };
    const { slots, takers } = this;
    const observe = events.push.bind(events);
    this.source = new PeerSource({ store, transfers, slots, takers, clock, observe });
  }

  ask({ wanted }: TestNar, range: ByteRange, usefulFrom?: number): Promise<NarAnswer> {
    const { path, narHash } = wanted;
    return this.source.open({ path: pathHashOf(path), narHash, range, usefulFrom }, PEER, FOREVER);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.mesh[Symbol.asyncDispose]();
  }

  #pathInfo(path: string): PeerPathInfo | undefined {
    if (this.isStoreBroken) throw new NiphasError("StoreUnavailable", "the database is locked");
    const nar = this.valid.get(path);
    if (nar === undefined) return undefined;
    return {
      ...asInfo(nar.wanted),
      signatures: this.isSigned ? ["key:signature"] : [],
      contentAddress: this.contentAddress,
    };
  }

  async *#nar(path: string, { start, end }: ByteRange): AsyncGenerator<Uint8Array, void, undefined> {
    const nar = [...this.valid.values()].find(({ wanted }) => wanted.path === path);
    if (nar !== undefined) yield nar.bytes.subarray(start, end);
  }
}

async function read(answer: NarAnswer): Promise<Buffer> {
  if (answer.kind !== "bytes") throw new Error(`the answer is ${answer.kind}`);
  const chunks: Uint8Array[] = [];
  for await (const chunk of answer.body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

describe("what a peer may read", () => {
  it("is any range of a valid path, from the store", async () => {
    await using serving = new Serving(await TestTransfers.create());
    const nar = testNar(MIB);
    serving.valid.set(pathHashOf(nar.wanted.path), nar);
    expect(await read(await serving.ask(nar, { start: 5, end: 900 }))).toEqual(nar.bytes.subarray(5, 900));
    expect(await serving.ask(nar, { start: 5, end: MIB + 1 })).toEqual({ kind: "gone" });
  });

  it("is nothing of a path with another hash, or that we do not have, or when the store is broken", async () => {
    await using serving = new Serving(await TestTransfers.create());
    const [nar, other] = [testNar(MIB, 0), testNar(MIB, 1)];
    serving.valid.set(pathHashOf(nar.wanted.path), other);
    expect(await serving.ask(nar, { start: 0, end: 1 })).toEqual({ kind: "gone" });
    expect(await serving.ask(other, { start: 0, end: 1 })).toEqual({ kind: "gone" });
    serving.isStoreBroken = true;
    expect(await serving.ask(nar, { start: 0, end: 1 })).toEqual({ kind: "gone" });
  });

  it("is nothing of a valid path that nobody has signed, unless it is named by the hash of its NAR", async () => {
    await using serving = new Serving(await TestTransfers.create());
    const nar = testNar(MIB);
    serving.valid.set(pathHashOf(nar.wanted.path), nar);
    serving.isSigned = false;
    expect(await serving.ask(nar, { start: 0, end: 1 })).toEqual({ kind: "gone" });
    serving.contentAddress = `text:${nar.wanted.narHash}`;
    expect(await serving.ask(nar, { start: 0, end: 1 })).toEqual({ kind: "gone" });
    serving.contentAddress = `fixed:r:${nar.wanted.narHash}`;
    expect(await read(await serving.ask(nar, { start: 0, end: 1 }))).toEqual(nar.bytes.subarray(0, 1));
  });

  it("is what has come of a NAR that we are getting, and LATER after a second without a byte", async () => {
    await using serving = new Serving(await TestTransfers.create());
    const { mesh } = serving;
    const nar = testNar(4 * MIB);
    mesh.hold("a", [nar], "stalling");
    const got = mesh.get(nar);
    got.catch(() => undefined);
    await mesh.clock.advance(10);
    const answer = await serving.ask(nar, { start: 100, end: 4 * MIB });
    expect(answer).toMatchObject({ kind: "bytes", end: 2 * MIB });
    expect(await read(answer)).toEqual(nar.bytes.subarray(100, 2 * MIB));
    const rest = { start: 2 * MIB, end: 4 * MIB };
    expect(await mesh.during(serving.ask(nar, rest))).toEqual({ kind: "later", available: [] });
    await expect(mesh.during(got)).rejects.toThrow();
    expect(await serving.ask(nar, { start: 0, end: 1 })).toEqual({ kind: "gone" });
  });

  it("is promised and comes even when the NAR turns out bad meanwhile", async () => {
    await using serving = new Serving(await TestTransfers.create());
    const { mesh } = serving;
    const nar = testNar(4 * MIB);
    mesh.hold("a", [nar], "stalling");
    const got = mesh.get(nar);
    got.catch(() => undefined);
    await mesh.clock.advance(10);
    const answer = await serving.ask(nar, { start: 0, end: 4 * MIB });
    await expect(mesh.during(got)).rejects.toThrow();
    expect(await read(answer)).toEqual(nar.bytes.subarray(0, 2 * MIB));
  });

  it("is named at once when it is not what was asked for and of use", async () => {
    await using serving = new Serving(await TestTransfers.create());
    const { mesh } = serving;
    const nar = testNar(4 * MIB);
    mesh.hold("a", [nar], "stalling");
    const got = mesh.get(nar);
    got.catch(() => undefined);
    await mesh.clock.advance(10);
    const rest = { start: 3 * MIB, end: 4 * MIB };
    const available = [{ start: MIB, end: 2 * MIB }];
    expect(await serving.ask(nar, rest, MIB)).toEqual({ kind: "later", available });
    await expect(mesh.during(got)).rejects.toThrow();
  });

  it("is waited for until it is worth an answer: a small NAR until all of it is verified", async () => {
    await using serving = new Serving(await TestTransfers.create());
    const { mesh } = serving;
    const nar = testNar(MIB);
    mesh.hold("a", [nar], "honest", { pieceMs: 10 });
    const got = mesh.get(nar);
    await mesh.clock.advance(15);
    const answer = await mesh.during(serving.ask(nar, { start: 0, end: MIB }));
    expect(answer).toMatchObject({ kind: "bytes", end: MIB });
    expect(await read(answer)).toEqual(nar.bytes);
    expect(await got).toEqual(nar.bytes);
  });

  it("is waited for before it has begun to come", async () => {
    await using serving = new Serving(await TestTransfers.create());
    const { mesh } = serving;
    const others = Array.from({ length: DOWNLOAD_LIMITS.maxNars }, (_, index) => testNar(1024, index));
    for (const name of ["a", "b", "c"]) mesh.hold(name, others, "honest", { pieceMs: 600 });
    const nar = testNar(MIB, others.length);
    mesh.hold("d", [nar], "honest");
    const got = Promise.all([...others, nar].map((each) => mesh.get(each)));
    do await mesh.clock.advance(0);
    while (mesh.transfers.queuedCount !== 1);
    const answer = await mesh.during(serving.ask(nar, { start: 0, end: MIB }));
    expect(await read(answer)).toEqual(nar.bytes);
    await mesh.during(got);
  });

  it("comes when a slot is free soon, while nobody else can be named", async () => {
    await using serving = new Serving(await TestTransfers.create());
    const nar = testNar(MIB);
    serving.valid.set(pathHashOf(nar.wanted.path), nar);
    const first = await serving.ask(nar, { start: 0, end: MIB / 2 });
    const second = serving.ask(nar, { start: 0, end: MIB });
    await serving.mesh.clock.advance(10);
    await read(first);
    expect(await read(await second)).toEqual(nar.bytes);
    const [third, fourth] = [serving.ask(nar, { start: 0, end: 1 }), serving.ask(nar, { start: 0, end: 1 })];
    expect(await third).toMatchObject({ kind: "bytes" });
    expect(await serving.mesh.during(fourth)).toEqual({ kind: "busy", retryWith: [] });
    await read(await third);
  });

  it("is BUSY without a free slot, with those named who finished last, but not the asker", async () => {
    await using serving = new Serving(await TestTransfers.create());
    const nar = testNar(MIB);
    serving.valid.set(pathHashOf(nar.wanted.path), nar);
    await read(await serving.ask(nar, { start: MIB / 2, end: MIB }));
    serving.takers.add(pathHashOf(nar.wanted.path), "other" as PeerId);
    const first = await serving.ask(nar, { start: 0, end: MIB });
    expect(await serving.ask(nar, { start: 0, end: MIB })).toEqual({ kind: "busy", retryWith: ["other"] });
    await read(first);
    expect(serving.slots.free).toBe(1);
    expect(serving.source.hints({ path: pathHashOf(nar.wanted.path) })).toEqual([PEER, "other"]);
  });
});
