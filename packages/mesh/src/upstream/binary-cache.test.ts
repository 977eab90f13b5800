import { createHash } from "node:crypto";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { formatNarInfo, type NarInfo, parseNarHash, parseStorePath, storePathHash } from "@niphas/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { CacheFile } from "../ports.ts";
import { BinaryCache } from "./binary-cache.ts";
import type { CacheFiles } from "./cache-files.ts";
import { parsePathHash } from "./path-hash.ts";

const { signal: never } = new AbortController();
const PATH = parseStorePath("/nix/store/0123456789abcdfghijklmnpqrsvwxyz-app");
const HASH = parsePathHash(storePathHash(PATH)) ?? expect.fail("no hash");
const BYTES = Buffer.from(Array.from({ length: 3000 }, (_, index) => (index * 7) & 0xff));

interface StoredFile {
  readonly bytes: Uint8Array;
  readonly contentEncoding?: string;
  /** Cannot start in the middle. */
  readonly isWholeOnly?: boolean;
}

/** Files in memory; knows how many are open. */
class MemoryFiles implements CacheFiles {
  readonly name = "memory";
  readonly stored = new Map<string, StoredFile>();
  readonly opened: string[] = [];
  openCount = 0;

  put(name: string, bytes: Uint8Array | string, rest: Omit<StoredFile, "bytes"> = {}): void {
    this.stored.set(name, { bytes: Buffer.from(bytes), ...rest });
  }

  async open(file: string, start: number, signal: AbortSignal): Promise<CacheFile | undefined> {
    signal.throwIfAborted();
    this.opened.push(file);
    const stored = this.stored.get(file);
    if (stored === undefined) return undefined;
    this.openCount++;
    let isOpen = true;
    const startsAt = stored.isWholeOnly === true ? 0 : start;
    return {
      totalSizeBytes: stored.bytes.length,
      startsAt,
      contentEncoding: stored.contentEncoding,
      body: read(stored.bytes.subarray(startsAt)),
      [Symbol.asyncDispose]: async () => {
        if (isOpen) this.openCount--;
        isOpen = false;
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stored.clear();
  }
}

async function* read(bytes: Uint8Array) {
  for (let at = 0; at < bytes.length; at += 100) yield bytes.subarray(at, at + 100);
}

function infoOf(override: Partial<NarInfo> = {}): NarInfo {
  return {
    path: PATH,
    url: "nar/a.nar",
    compression: "none",
    fileHash: undefined,
    fileSizeBytes: undefined,
    narHash: parseNarHash(`sha256:${createHash("sha256").update(BYTES).digest("hex")}`),
    narSizeBytes: BYTES.length,
    references: [PATH],
    deriver: undefined,
    signatures: ["key:sig"],
    contentAddress: undefined,
    ...override,
  };
}

function rig(init: { readonly priority?: number } = {}) {
  const files = new MemoryFiles();
  files.put("nix-cache-info", "StoreDir: /nix/store\nPriority: 40\n");
  return { files, cache: new BinaryCache({ files }, init) };
}

async function nar(cache: BinaryCache, info: NarInfo, start = 0) {
  const { body, transferredBytes } = await cache.nar(info, start, never);
  const bytes = Buffer.concat(await Array.fromAsync(body));
  return { bytes, transferredBytes: transferredBytes() };
}

describe("a binary cache", () => {
  it("tells its priority when it is first asked; the URL's goes before", async () => {
    const { cache, files } = rig();
    expect(cache.priority).toBe(Number.POSITIVE_INFINITY);
    await Promise.all([cache.narInfo(HASH, never), cache.narInfo(HASH, never)]);
    expect(cache.priority).toBe(40);
    expect(files.opened.filter((name) => name === "nix-cache-info").length).toBe(1);
    const { cache: other } = rig({ priority: 5 });
    expect(other.priority).toBe(5);
  });

  it("without a nix-cache-info is one as Nix takes it", async () => {
    const { cache, files } = rig();
    files.stored.delete("nix-cache-info");
    files.put(`${HASH}.narinfo`, formatNarInfo(infoOf()));
    expect(await cache.narInfo(HASH, never)).toEqual(infoOf());
    expect(cache.priority).toBe(0);
  });

  it("of another store directory is never asked for a path", async () => {
    const { cache, files } = rig();
    files.put("nix-cache-info", "StoreDir: /gnu/store\n");
    await expect(cache.narInfo(HASH, never)).rejects.toMatchObject({ code: "SubstituterUnavailable" });
    expect(files.opened).toEqual(["nix-cache-info"]);
  });

  it.each([
    ["nonsense", "nonsense"],
    ["another path's", formatNarInfo(infoOf({ path: parseStorePath(`/nix/store/${"1".repeat(32)}-app`) }))],
    ["endless", "x".repeat(3_000_000)],
    ["empty", ""],
  ])("refuses a narinfo that is %s", async (_name, text) => {
    const { cache, files } = rig();
    files.put(`${HASH}.narinfo`, text);
    await expect(cache.narInfo(HASH, never)).rejects.toMatchObject({ code: "BadBytes" });
    expect(files.openCount).toBe(0);
  });

  it("may keep a narinfo with an encoding of HTTP's", async () => {
    const { cache, files } = rig();
    files.put(`${HASH}.narinfo`, gzipSync(formatNarInfo(infoOf())), { contentEncoding: "gzip" });
    expect(await cache.narInfo(HASH, never)).toEqual(infoOf());
    files.put(`${HASH}.narinfo`, "x", { contentEncoding: "rot13" });
    await expect(cache.narInfo(HASH, never)).rejects.toMatchObject({ code: "BadBytes" });
  });
});

describe("a NAR", () => {
  it.each([
    ["raw", "none", BYTES, {}],
    ["raw, by a cache that cannot start in the middle", "none", BYTES, { isWholeOnly: true }],
    ["zstd", "zstd", zstdCompressSync(BYTES), {}],
    ["gzip with zstd around it", "gzip", zstdCompressSync(gzipSync(BYTES)), { contentEncoding: "zstd" }],
  ])("comes from any byte on: %s", async (_name, compression, stored, rest) => {
    const property = fc.asyncProperty(fc.nat(BYTES.length - 1), async (start) => {
      const { cache, files } = rig();
      files.put("nar/a.nar", stored, rest);
      const { bytes, transferredBytes } = await nar(cache, infoOf({ compression }), start);
      expect(bytes.equals(BYTES.subarray(start))).toBe(true);
      const isPart = compression === "none" && !("isWholeOnly" in rest);
      expect(transferredBytes).toBe(isPart ? BYTES.length - start : stored.length);
      expect(files.openCount).toBe(0);
    });
    await fc.assert(property, { numRuns: 20 });
  });

  it("that unfolds to more than its signed size is cut there", async () => {
    const { cache, files } = rig();
    files.put("nar/a.nar", zstdCompressSync(Buffer.alloc(50_000_000)));
    await expect(nar(cache, infoOf({ compression: "zstd" }))).rejects.toMatchObject({ code: "BadBytes" });
    expect(files.openCount).toBe(0);
  });

  it("that is not there, or compressed beyond us, is told from one that is broken", async () => {
    const { cache } = rig();
    await expect(nar(cache, infoOf())).rejects.toMatchObject({ code: "PathNotFound" });
    await expect(nar(cache, infoOf({ compression: "lzip" }))).rejects.toMatchObject({ code: "InvalidRequest" });
  });

  it("keeps its place among those that are read until it is read, left or aborted", async () => {
    const files = new MemoryFiles();
    files.put("nar/a.nar", BYTES);
    const cache = new BinaryCache({ files }, { maxNars: 1 });
    const first = await cache.nar(infoOf(), 0, never);
    const leaving = new AbortController();
    const waiting = cache.nar(infoOf(), 0, leaving.signal);
    expect(files.opened.length).toBe(1);
    for await (const chunk of first.body) {
      expect(chunk.length).toBe(100);
      break;
    }
    await waiting;
    leaving.abort();
    expect((await nar(cache, infoOf())).bytes.equals(BYTES)).toBe(true);
  });
});
