import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { brotliCompressSync, gzipSync, zstdCompressSync } from "node:zlib";
import { NiphasError } from "@niphas/core";
import { needs, waitUntil } from "@niphas/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decoderOf } from "./decoders.ts";

const { signal: never } = new AbortController();

const COMPRESS: Readonly<Record<string, (bytes: Uint8Array) => Uint8Array>> = {
  none: (bytes) => bytes,
  gzip: (bytes) => gzipSync(bytes),
  br: (bytes) => brotliCompressSync(bytes),
  zstd: (bytes) => zstdCompressSync(bytes),
  xz: (bytes) => spawnSync("xz", ["-c", "-1"], { input: bytes }).stdout,
};
const CODECS = Object.keys(COMPRESS).filter((name) => name !== "none");

async function* pieces(bytes: Uint8Array, size = 1000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const compress = (codec: string, bytes: Uint8Array) => COMPRESS[codec]?.(bytes) ?? bytes;

async function decode(codec: string, input: AsyncIterable<Uint8Array>, signal = never): Promise<Buffer> {
  const decoder = decoderOf(codec);
  if (decoder === undefined) throw new Error(`no decoder for ${codec}`);
  return Buffer.concat(await Array.fromAsync(decoder(input, signal)));
}

const random = Buffer.from(Array.from({ length: 200_000 }, (_, index) => (index * index * 31) & 0xff));

describe.each(Object.keys(COMPRESS))("the decoder for %s", (codec) => {
  it("gives back what was compressed, in whatever pieces it comes", async (test) => {
    if (codec === "xz") needs(test, "xz");
    expect((await decode(codec, pieces(compress(codec, random)))).equals(random)).toBe(true);
    const runs = { numRuns: codec === "xz" ? 5 : 50 };
    const property = fc.asyncProperty(
      fc.uint8Array({ maxLength: 5000 }),
      fc.integer({ min: 1, max: 500 }),
      async (bytes, size) => {
        expect((await decode(codec, pieces(compress(codec, bytes), size))).equals(bytes)).toBe(true);
      },
    );
    await fc.assert(property, runs);
  });

  it("throws what its input throws, after what came before", async (test) => {
    if (codec === "xz") needs(test, "xz");
    async function* broken() {
      yield compress(codec, random).subarray(0, 5000);
      throw new NiphasError("SubstituterUnavailable", "broke off");
    }
    await expect(decode(codec, broken())).rejects.toMatchObject({ code: "SubstituterUnavailable" });
  });

  it("closes its input when its reader leaves", async (test) => {
    if (codec === "xz") needs(test, "xz");
    let isClosed = false;
    async function* input() {
      try {
        yield* pieces(compress(codec, random));
      } finally {
        isClosed = true;
      }
    }
    for await (const chunk of decoderOf(codec)?.(input(), never) ?? []) {
      expect(chunk.length).toBeGreaterThan(0);
      break;
    }
    await waitUntil("the input to be closed", () => isClosed);
  });
});

describe.each(CODECS)("the decoder for %s", (codec) => {
  it("ends when it is told to, even if its input hangs", async (test) => {
    if (codec === "xz") needs(test, "xz");
    async function* hanging() {
      yield compress(codec, random).subarray(0, 20);
      await Promise.withResolvers<void>().promise;
    }
    const leaving = new AbortController();
    const decoded = decode(codec, hanging(), leaving.signal);
    setTimeout(() => leaving.abort(new NiphasError("Cancelled", "left")), 20);
    await expect(decoded).rejects.toMatchObject({ code: "Cancelled" });
  });

  it.each([
    ["cut off", (bytes: Uint8Array) => bytes.subarray(0, bytes.length - 10)],
    ["nonsense", () => Buffer.from("no such thing as this ".repeat(10))],
    ["empty", () => Buffer.alloc(0)],
  ])("refuses what is %s", async (_name, spoil) => {
    if (codec === "xz" && decoderOf("xz") === undefined) return;
    await expect(decode(codec, pieces(spoil(compress(codec, random))))).rejects.toMatchObject({ code: "BadBytes" });
  });

  it("never throws anything else, whatever it gets", async () => {
    const property = fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
      const spoilt = Buffer.concat([compress(codec, random.subarray(0, 500)).subarray(0, 40), bytes]);
      await decode(codec, pieces(spoilt, 7)).catch((error) => expect(error).toMatchObject({ code: "BadBytes" }));
    });
    await fc.assert(property, { numRuns: codec === "xz" ? 5 : 100 });
  });
});

describe("the decoder for xz", () => {
  it("leaves no process when its reader leaves", async (test) => {
    needs(test, "xz");
    const decoder = decoderOf("xz")?.(pieces(compress("xz", random)), never);
    for await (const chunk of decoder ?? []) {
      expect(chunk.length).toBeGreaterThan(0);
      break;
    }
    await waitUntil("xz to be gone", () => children().every((name) => name !== "xz"));
  });
});

it("has no decoder for other names", () => {
  for (const name of ["bzip2", "lzip", "", "constructor", "__proto__"]) expect(decoderOf(name)).toBeUndefined();
});

function children(): readonly string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const [, name, , parent] = /^\d+ \((.*)\) (\S) (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, "utf8")) ?? [];
        return Number(parent) === process.pid && name !== undefined ? [name] : [];
      } catch {
        return [];
      }
    });
}
