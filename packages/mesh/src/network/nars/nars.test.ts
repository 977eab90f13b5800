import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { waitUntil } from "@niphas/testing";
import { describe, expect, it } from "vitest";
import type { NarAnswer } from "../../ports.ts";
import { MUXER_LIMITS, NAR_LIMITS, STREAM_LIMITS } from "../limits.ts";
import {
  bodyOf,
  digest,
  digestOf,
  MemorySource,
  NAR,
  requestFor,
  serving,
  startTransfer,
} from "../twins/nar-transfer.ts";
import type { UploadSource } from "./upload-source.ts";

const MIB = 1024 * 1024;
const signal = new AbortController().signal;

describe("a range of a NAR", () => {
  it("arrives as it is, one after the other on one stream", async () => {
    const source = new MemorySource();
    await using transfer = await startTransfer(serving(source));
    const ranges = [
      { start: 0, end: NAR.byteLength },
      { start: 5, end: 6 },
      { start: MIB + 1, end: 3 * MIB },
    ];
    for (const range of ranges) expect(await digestOf(await bodyOf(transfer, requestFor(range)))).toBe(digest(range));
    expect(source.streams).toBe(1);
  });

  it.each([1, 700, 70_000, 5 * MIB])("is the same when its source gives pieces of %d bytes", async (pieceBytes) => {
    await using transfer = await startTransfer(serving(new MemorySource(pieceBytes)));
    const range = { start: 3, end: pieceBytes === 1 ? 100_000 : 6 * MIB };
    expect(await digestOf(await bodyOf(transfer, requestFor(range)))).toBe(digest(range));
  });

  it("comes beside others from the same peer", async () => {
    const source = new MemorySource();
    await using transfer = await startTransfer(serving(source, 32));
    const ranges = Array.from({ length: 20 }, (_, index) => ({ start: index * 500_000, end: (index + 1) * 500_000 }));
    const read = ranges.map(
      async (range) => (await digestOf(await bodyOf(transfer, requestFor(range)))) === digest(range),
    );
    expect(await Promise.all(read)).toEqual(ranges.map(() => true));
    expect(source.streams).toBeLessThanOrEqual(NAR_LIMITS.maxStreamsPerPeer);
  });

  it("may be a part of what was asked for, when the peer has no more yet", async () => {
    const source = new MemorySource();
    const part: UploadSource = {
      open: (request) => source.open(requestFor({ ...request.range, end: 1000 })),
      hints: () => [],
    };
    await using transfer = await startTransfer(serving(part));
    const answer = await transfer.client.read(transfer.peer, requestFor(), signal);
    expect(answer).toMatchObject({ kind: "bytes", end: 1000 });
    if (answer.kind === "bytes") expect(await digestOf(answer.body)).toBe(digest({ start: 0, end: 1000 }));
  });

  const noBytes: readonly NarAnswer[] = [
    { kind: "gone" },
    { kind: "later", available: [] },
    { kind: "later", available: [{ start: 2 ** 40, end: 2 ** 41 }] },
  ];

  it.each(noBytes)("may be without bytes, and the stream is good for the next one: %o", async (answer) => {
    const source = new MemorySource();
    let calls = 0;
    const first: UploadSource = {
      open: (request) => (calls++ === 0 ? Promise.resolve(answer) : source.open(request)),
      hints: () => [],
    };
    await using transfer = await startTransfer(serving(first));
    expect(await transfer.client.read(transfer.peer, requestFor(), signal)).toEqual(answer);
    const range = { start: 0, end: 1000 };
    expect(await digestOf(await bodyOf(transfer, requestFor(range)))).toBe(digest(range));
  });
});

describe("a slow reader", () => {
  it("holds the source up, with little on the way, and gets every byte", async () => {
    const source = new MemorySource();
    await using transfer = await startTransfer(serving(source));
    const body = await bodyOf(transfer);
    await standstill(source);
    const inStreams = MUXER_LIMITS.maxStreamWindowBytes + STREAM_LIMITS.highWaterBytes + STREAM_LIMITS.maxUnsentBytes;
    expect(source.givenBytes).toBeLessThan(inStreams + 4 * NAR_LIMITS.chunkBytes + 100_000);
    expect(await digestOf(body)).toBe(digest(requestFor().range));
  });

  it("is not taken for a stalled source, however long it thinks", async () => {
    await using transfer = await startTransfer(serving(new MemorySource()));
    const hash = createHash("sha256");
    let isFirst = true;
    for await (const piece of await bodyOf(transfer)) {
      hash.update(piece);
      if (isFirst) await sleep(NAR_LIMITS.stallMs + 500);
      isFirst = false;
    }
    expect(hash.digest("hex")).toBe(digest(requestFor().range));
  });
});

describe("a reader that stops early", () => {
  it("by leaving its loop leaves nothing behind", async () => {
    const source = new MemorySource();
    const far = serving(source);
    await using transfer = await startTransfer(far);
    for await (const _ of await bodyOf(transfer)) break;
    await waitUntil("the source's end", () => source.openBodies === 0 && far.server.freeSlots === 8);
    expect(await digestOf(await bodyOf(transfer))).toBe(digest(requestFor().range));
  });

  it("by its signal leaves nothing behind, also when it never began", async () => {
    const source = new MemorySource();
    const far = serving(source);
    await using transfer = await startTransfer(far);
    for (let count = 0; count < 2 * NAR_LIMITS.maxStreamsPerPeer; count++) {
      const abort = new AbortController();
      const body = await bodyOf(transfer, requestFor(), abort.signal);
      abort.abort(new Error("not wanted"));
      await expect(digestOf(body)).rejects.toThrow("not wanted");
    }
    await waitUntil("the source's end", () => source.openBodies === 0 && far.server.freeSlots === 8);
  });
});

describe("upload slots", () => {
  it("that are all taken make the peer busy, with hints whom else to ask", async () => {
    const source = new MemorySource();
    await using transfer = await startTransfer(serving(source, 2));
    const self = transfer.mesh.near.node.peerId;
    source.hinted.push(self);
    const taken = [await bodyOf(transfer), await bodyOf(transfer)];
    const answer = await transfer.client.read(transfer.peer, requestFor(), signal);
    expect(answer).toEqual({ kind: "busy", retryWith: [self] });
    for (const body of taken) await digestOf(body);
    expect(await digestOf(await bodyOf(transfer))).toBe(digest(requestFor().range));
  });
});

describe("a source that fails", () => {
  it.each([
    ["gives too few bytes", NAR.subarray(0, 10)],
    ["gives too many", NAR.subarray(0, 30)],
  ])("because it %s gives no range of another length", async (_, bytes) => {
    const source: UploadSource = {
      open: async () => ({ kind: "bytes", end: 20, body: once(bytes) }),
      hints: () => [],
    };
    await using transfer = await startTransfer(serving(source));
    const body = await bodyOf(transfer, requestFor({ start: 0, end: 20 }));
    await expect(digestOf(body)).rejects.toMatchObject({ code: "SubstituterUnavailable" });
  });

  it("before it begins costs one error", async () => {
    const source: UploadSource = { open: () => Promise.reject(new Error("secret")), hints: () => [] };
    await using transfer = await startTransfer(serving(source));
    await expect(bodyOf(transfer)).rejects.toMatchObject({ code: "SubstituterUnavailable" });
  });
});

/** Until the source is asked for no more. */
async function standstill(source: MemorySource): Promise<void> {
  let lastBytes = -1;
  const isStill = (): boolean => {
    const isSame = lastBytes === source.givenBytes;
    lastBytes = source.givenBytes;
    return isSame;
  };
  await waitUntil("a standstill", isStill, { intervalMs: 300 });
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
