import { createHash, randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Stream } from "@libp2p/interface";
import { waitUntil } from "@niphas/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MUXER_LIMITS, STREAM_LIMITS } from "../limits.ts";
import type { Encryption } from "../node/libp2p-node.ts";
import { type StreamPairs, startStreamPairs } from "../twins/stream-pair.ts";
import { StreamReader } from "./stream-reader.ts";
import { StreamWriter } from "./stream-writer.ts";

const MIB = 1024 * 1024;
const CHUNK = randomBytes(64 * 1024);
const signal = new AbortController().signal;
const patient = { stallMs: undefined, signal };
const MAX_UNREAD_BYTES = STREAM_LIMITS.highWaterBytes + MUXER_LIMITS.maxStreamWindowBytes;
const MAX_UNSENT_BYTES = STREAM_LIMITS.maxUnsentBytes + CHUNK.byteLength;

const readers = new WeakMap<Stream, StreamReader>();

function startPairs(encryption: Encryption): Promise<StreamPairs> {
  return startStreamPairs((far) => void readers.set(far, new StreamReader(far)), encryption);
}

let pairs: StreamPairs;
beforeAll(async () => {
  pairs = await startPairs("tls");
});
afterAll(() => pairs[Symbol.asyncDispose]());

async function open(from = pairs) {
  const { near, far } = await from.open();
  const reader = readers.get(far);
  if (reader === undefined) throw new Error("the far end has no reader");
  return { near, far, reader, writer: new StreamWriter(near) };
}

/** Writes and counts what was taken. */
class Sender {
  readonly done: Promise<void>;
  writtenBytes = 0;
  mostUnsentBytes = 0;
  readonly #hash = createHash("sha256");

  constructor(near: Stream, sizeBytes: number, end: "close" | "open" = "close") {
    const writer = new StreamWriter(near);
    this.done = (async () => {
      while (this.writtenBytes < sizeBytes) {
        const writing = writer.write(CHUNK, signal);
        await Promise.resolve();
        this.mostUnsentBytes = Math.max(this.mostUnsentBytes, near.writeBufferLength);
        await writing;
        this.#hash.update(CHUNK);
        this.writtenBytes += CHUNK.byteLength;
      }
      if (end === "close") await near.close();
    })();
    this.done.catch(() => undefined);
  }

  get digest(): string {
    return this.#hash.digest("hex");
  }
}

async function readAll(
  reader: StreamReader,
  pauseMs = 0,
): Promise<{ sizeBytes: number; digest: string; most: number }> {
  const hash = createHash("sha256");
  let sizeBytes = 0;
  let most = 0;
  for (;;) {
    most = Math.max(most, reader.queuedBytes);
    const bytes = await reader.read(MIB, patient);
    if (bytes === undefined) return { sizeBytes, digest: hash.digest("hex"), most };
    hash.update(bytes);
    sizeBytes += bytes.byteLength;
    if (pauseMs > 0 && sizeBytes % (16 * CHUNK.byteLength) < bytes.byteLength) await sleep(pauseMs);
  }
}

/** Until the sender gets no further. */
async function standstill(sender: Sender): Promise<void> {
  let last = -1;
  await waitUntil(
    "a standstill",
    () => {
      const isStill = last === sender.writtenBytes;
      last = sender.writtenBytes;
      return isStill;
    },
    { intervalMs: 300 },
  );
}

describe("a reader", () => {
  it("gives all that has arrived in one piece, up to what was asked for", async () => {
    const { reader, writer } = await open();
    for (let count = 0; count < 2; count++) await writer.write(CHUNK, signal);
    await waitUntil("both chunks", () => reader.queuedBytes === 2 * CHUNK.byteLength);
    const both = Buffer.concat([CHUNK, CHUNK]);
    expect((await reader.read(100_000, patient))?.buffer.byteLength).toBe(100_000);
    expect(await reader.read(MIB, patient)).toEqual(both.subarray(100_000));
  });
});

describe("a reader that does not read", () => {
  it("holds the sender up, with little in memory on both sides, and loses nothing when it goes on", async () => {
    const { near, far, reader } = await open();
    const sender = new Sender(near, 16 * MIB);
    await standstill(sender);
    expect(sender.writtenBytes).toBeLessThan(MAX_UNREAD_BYTES + MAX_UNSENT_BYTES + CHUNK.byteLength);
    expect(sender.mostUnsentBytes).toBeLessThanOrEqual(MAX_UNSENT_BYTES);
    expect(reader.queuedBytes + far.readBufferLength).toBeLessThanOrEqual(MAX_UNREAD_BYTES);
    const read = await readAll(reader);
    await sender.done;
    expect(read).toMatchObject({ sizeBytes: 16 * MIB, digest: sender.digest });
    expect(far.status).not.toBe("reset");
  });

  it.each(["tls", "noise"] as const)("does not hold up other streams of the connection (%s)", async (encryption) => {
    await using own = await startPairs(encryption);
    const stuck = await Promise.all(Array.from({ length: 5 }, () => open(own)));
    const senders = stuck.map(({ near }) => new Sender(near, 8 * MIB));
    const { near, reader } = await open(own);
    const lively = new Sender(near, 32 * MIB);
    const read = await readAll(reader);
    expect(read).toMatchObject({ sizeBytes: 32 * MIB, digest: lively.digest });
    for (const sender of senders) expect(sender.mostUnsentBytes).toBeLessThanOrEqual(MAX_UNSENT_BYTES);
    const rest = await Promise.all(stuck.map((pair) => readAll(pair.reader)));
    expect(rest.map(({ sizeBytes }) => sizeBytes)).toEqual(rest.map(() => 8 * MIB));
  });
});

describe("a slow reader", () => {
  it("gets every byte, and never has much waiting", async () => {
    const { near, reader } = await open();
    const sender = new Sender(near, 8 * MIB);
    const read = await readAll(reader, 20);
    expect(read).toMatchObject({ sizeBytes: 8 * MIB, digest: sender.digest });
    expect(read.most).toBeLessThanOrEqual(MAX_UNREAD_BYTES);
  });

  it("gets what was sent before the sender closed its half, and can still answer", async () => {
    const { near, far, reader } = await open();
    const sender = new Sender(near, MIB);
    await sleep(50);
    const answer = new StreamReader(near);
    const read = await readAll(reader, 20);
    expect(read).toMatchObject({ sizeBytes: MIB, digest: sender.digest });
    await new StreamWriter(far).write(CHUNK, signal);
    expect(await answer.readExactly(CHUNK.byteLength, patient)).toEqual(CHUNK);
    near.abort(new Error("done"));
  });
});

describe("a reader", () => {
  it("that comes late gets bytes of a stream that has ended already", async () => {
    await using late = await startStreamPairs((far) => {
      far.send(CHUNK);
      far.close().catch(() => undefined);
    });
    const { near } = await late.open();
    await waitUntil("the far end's end", () => near.remoteWriteStatus === "closed");
    const reader = new StreamReader(near);
    expect(await reader.readExactly(CHUNK.byteLength, patient)).toEqual(CHUNK);
    expect(await reader.read(1, patient)).toBeUndefined();
  });

  it("sees the difference between an end and a break", async () => {
    const ended = await open();
    await ended.near.close();
    expect(await ended.reader.read(1, patient)).toBeUndefined();
    const broken = await open();
    await broken.writer.write(CHUNK, signal);
    broken.near.abort(new Error("gone"));
    await expect(readAll(broken.reader)).rejects.toMatchObject({ code: "SubstituterUnavailable" });
  });

  it("does not take part of a message for a message", async () => {
    const { near, reader, writer } = await open();
    await writer.write(CHUNK.subarray(0, 3), signal);
    await near.close();
    await expect(reader.readExactly(4, patient)).rejects.toThrow("in the middle");
  });

  it("gives a sender up that stands still", async () => {
    const { near, reader } = await open();
    await expect(reader.read(1, { stallMs: 20, signal })).rejects.toThrow("stands still");
    near.abort(new Error("done"));
  });

  it("stops waiting when its signal says so", async () => {
    const { near, reader } = await open();
    const abort = new AbortController();
    const reading = reader.read(1, { stallMs: undefined, signal: abort.signal });
    abort.abort(new Error("not wanted"));
    await expect(reading).rejects.toThrow("not wanted");
    near.abort(new Error("done"));
  });
});

describe("a writer", () => {
  it("sends long pieces in short frames, so that others come between", async () => {
    const sizes: number[] = [];
    await using own = await startStreamPairs((far) => {
      far.addEventListener("message", ({ data }) => sizes.push(data.byteLength));
    });
    const { near } = await own.open();
    await new StreamWriter(near).write(randomBytes(4 * MIB), signal);
    await waitUntil("all bytes", () => sizes.reduce((sum, size) => sum + size, 0) === 4 * MIB);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(MUXER_LIMITS.maxFrameBytes);
  });

  it("fails when the reader goes away", async () => {
    const { near, far } = await open();
    const sender = new Sender(near, 16 * MIB);
    await standstill(sender);
    far.abort(new Error("not wanted"));
    await expect(sender.done).rejects.toMatchObject({ code: "SubstituterUnavailable" });
    await expect(new StreamWriter(near).write(CHUNK, signal)).rejects.toThrow("gone");
  });

  it("fails when the reader takes nothing, though other streams of the connection flow", async () => {
    const { near } = await open();
    const writer = new StreamWriter(near, { stallMs: 400 });
    const busy = await open();
    const flow = new Sender(busy.near, 64 * MIB);
    const reading = readAll(busy.reader);
    const fill = async (): Promise<never> => {
      for (;;) await writer.write(CHUNK, signal);
    };
    await expect(fill()).rejects.toThrow("stands still");
    near.abort(new Error("done"));
    busy.near.abort(new Error("done"));
    await Promise.allSettled([flow.done, reading]);
  });

  it("stops waiting when its signal says so", async () => {
    const { near } = await open();
    const abort = new AbortController();
    const writer = new StreamWriter(near);
    const fill = (async (): Promise<never> => {
      for (;;) await writer.write(CHUNK, abort.signal);
    })();
    fill.catch(() => undefined);
    await waitUntil("a full stream", () => near.writeBufferLength > STREAM_LIMITS.maxUnsentBytes);
    abort.abort(new Error("not wanted"));
    await expect(fill).rejects.toThrow("not wanted");
    near.abort(new Error("done"));
  });
});
