import { setTimeout as sleep } from "node:timers/promises";
import type { AskedForNar } from "./asked-for-nar.ts";
import { forEver } from "./evil-stream.ts";

export type NarConduct = (asked: AskedForNar) => Promise<void>;

const TRICKLE_MS = 200;
const SLOW_CHUNK_MS = 20;
const CHUNK = Buffer.alloc(64 * 1024, "x");

/** What a peer does when it is asked for bytes. */
export const NAR_CONDUCTS = {
  honest: (asked) => send(asked),
  /** True bytes, at about three megabytes a second. */
  slow: async (asked) => {
    await asked.promise();
    for await (const bytes of asked.bytes()) {
      for (let start = 0; start < bytes.length; start += CHUNK.length) {
        await asked.send(bytes.subarray(start, start + CHUNK.length));
        await sleep(SLOW_CHUNK_MS);
      }
    }
  },
  /** The right number of bytes, one of them wrong. */
  flipped: async (asked) => {
    await asked.promise();
    let isFirst = true;
    for await (const bytes of asked.bytes()) {
      if (isFirst) bytes.writeUInt8(bytes.readUInt8(bytes.length >> 1) ^ 1, bytes.length >> 1);
      isFirst = false;
      await asked.send(bytes);
    }
  },
  /** Promises all and ends after half of it, as if that were all. */
  short: async (asked) => {
    await send(asked, 0.5);
    await asked.stream.close();
  },
  overlong: async (asked) => {
    await send(asked);
    await asked.send(CHUNK);
  },
  endless: async (asked) => {
    await asked.promise();
    for (;;) await asked.send(CHUNK);
  },
  silent: (asked) => forEver(asked.signal),
  /** One byte from time to time, for ever. */
  trickling: async (asked) => {
    await asked.promise();
    for await (const bytes of asked.bytes()) {
      for (const byte of bytes) {
        await asked.send(Buffer.of(byte));
        await sleep(TRICKLE_MS, undefined, { signal: asked.signal });
      }
    }
  },
  resetAtOnce: (asked) => reset(asked, 0),
  resetHalfWay: (asked) => reset(asked, 0.5),
  resetAtTheEnd: (asked) => reset(asked, 0.99),
  /** It has said that it has the path, and has not. */
  gone: (asked) => asked.refuse(),
  /** Announces a message of two gigabytes, and begins with it. */
  giant: async (asked) => {
    await asked.send(Buffer.of(0x7f, 0xff, 0xff, 0xff));
    for (;;) await asked.send(CHUNK);
  },
  /** A length whose varint never ends, within a head of a believable size. */
  endlessVarint: async (asked) => {
    await asked.send(Buffer.concat([Buffer.of(0, 0, 1, 0), Buffer.alloc(256, 0xff)]));
    await forEver(asked.signal);
  },
} as const satisfies Record<string, NarConduct>;

export type NarConductName = keyof typeof NAR_CONDUCTS;

async function send(asked: AskedForNar, share = 1): Promise<void> {
  await asked.promise();
  for await (const bytes of asked.bytes(Math.floor(asked.sizeBytes * share))) await asked.send(bytes);
}

/** Not before the other side has had the chance to read what was sent. */
async function reset(asked: AskedForNar, share: number): Promise<void> {
  if (share > 0) await send(asked, share);
  await sleep(TRICKLE_MS);
  asked.stream.abort(new Error("reset on purpose"));
}
