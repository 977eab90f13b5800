import { createHash } from "node:crypto";
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { type NarHash, parseNarHash, parseStorePath, STORE_DIR, type StorePath, storePathHash } from "@niphas/core";
import type { PathInfo } from "@niphas/nix";
import { directory, file, narDigest, symlink, type Tree, temporaryDirectory, writeTree } from "@niphas/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { LocalStore, PathHash } from "../ports.ts";
import { createLocalStore, type LocalStoreInit } from "./local-store.ts";

const PATH = parseStorePath(`${STORE_DIR}/${"a".repeat(32)}-app`);
const { signal: never } = new AbortController();
const TREE = directory({
  bin: directory({ run: file("#!/bin/sh\n", { executable: true }), link: symlink("run") }),
  large: file(Buffer.alloc(8_000_003, "niphas")),
  small: file("x"),
});

interface Scene extends AsyncDisposable {
  readonly store: LocalStore;
  /** Where the path lies. */
  readonly root: string;
  readonly narSha256: string;
  readonly narSizeBytes: number;
  /** The collector takes the row away. */
  forget(): void;
}

let scene: Scene;

function openScene(tree: Tree, init: Partial<LocalStoreInit> = {}): Scene {
  const stack = new AsyncDisposableStack();
  const scratch = stack.use(temporaryDirectory("mesh-store"));
  mkdirSync(scratch.join("nix/store"), { recursive: true });
  const root = scratch.join(PATH);
  writeTree(tree, root);
  const { sha256Hex, sizeBytes } = narDigest(tree);
  const rows = new Map<StorePath, PathInfo>([[PATH, row(parseNarHash(`sha256:${sha256Hex}`), sizeBytes)]]);
  const database = {
    pathByHash: (hash: string) => [...rows.keys()].find((path) => storePathHash(path) === hash),
    validId: (path: StorePath) => rows.get(path)?.id,
    pathInfo: (path: StorePath) => rows.get(path),
    readClosure: async () => Promise.resolve([...rows.values()]),
  };
  const store = stack.use(createLocalStore({ database }, { store: { rootDir: scratch.path }, ...init }));
  return {
    store,
    root,
    narSha256: sha256Hex,
    narSizeBytes: sizeBytes,
    forget: () => rows.delete(PATH),
    [Symbol.asyncDispose]: async () => stack.disposeAsync(),
  };
}

function row(narHash: NarHash, narSizeBytes: number): PathInfo {
  return {
    id: 7,
    path: PATH,
    narHash,
    narSizeBytes,
    references: [],
    signatures: ["key:signature"],
    contentAddress: undefined,
    isUltimate: true,
    registeredAtSeconds: 1,
  };
}

async function read(start = 0, end = scene.narSizeBytes, signal = never): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of scene.store.nar(PATH, { start, end }, signal)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

beforeEach(() => {
  scene = openScene(TREE);
});
afterEach(() => scene[Symbol.asyncDispose]());

describe("a local store", () => {
  it("tells of a valid path what is signed, and its signatures", () => {
    expect(scene.store.pathInfo("a".repeat(32) as PathHash)).toEqual({
      path: PATH,
      narHash: parseNarHash(`sha256:${scene.narSha256}`),
      narSizeBytes: scene.narSizeBytes,
      references: [],
      signatures: ["key:signature"],
      contentAddress: undefined,
      deriver: undefined,
    });
    expect(scene.store.pathInfo("b".repeat(32) as PathHash)).toBeUndefined();
  });

  it("gives the NAR in chunks of at most 256 KiB", async () => {
    const sizes: number[] = [];
    for await (const chunk of scene.store.nar(PATH, { start: 0, end: scene.narSizeBytes }, never)) {
      sizes.push(chunk.length);
    }
    expect(Math.max(...sizes)).toBe(256 * 1024);
    expect(sha256(await read())).toBe(scene.narSha256);
  });

  it("gives any range", async () => {
    const nar = await read();
    for (let start = 0; start < nar.length; start += 700_001) {
      const end = Math.min(nar.length, start + ((start * 7) % 3_000_000));
      expect(sha256(await read(start, end))).toBe(sha256(nar.subarray(start, end)));
    }
    expect(await read(nar.length, nar.length)).toHaveLength(0);
  });

  it("gives to several readers at once, also without room to keep an index", async () => {
    await using small = openScene(TREE, { planCacheBytes: 0 });
    const readers = Array.from({ length: 5 }, async () => {
      const hash = createHash("sha256");
      for await (const chunk of small.store.nar(PATH, { start: 0, end: small.narSizeBytes }, never)) hash.update(chunk);
      return hash.digest("hex");
    });
    expect(new Set(await Promise.all(readers))).toEqual(new Set([small.narSha256]));
  });

  it.each([
    [-1, 1],
    [0, 2 ** 40],
    [2, 1],
    [0.5, 1],
  ])("refuses the range from %d to %d", async (start, end) => {
    await expect(read(start, end)).rejects.toMatchObject({ code: "InvalidRequest" });
  });

  it("ends when it is aborted, before and while it gives", async () => {
    await expect(read(0, 10, AbortSignal.abort())).rejects.toMatchObject({ code: "Cancelled" });
    const abort = new AbortController();
    const chunks = scene.store.nar(PATH, { start: 0, end: scene.narSizeBytes }, abort.signal)[Symbol.asyncIterator]();
    await chunks.next();
    abort.abort();
    await expect(chunks.next()).rejects.toMatchObject({ code: "Cancelled" });
  });

  it("may be left in the middle", async () => {
    for await (const chunk of scene.store.nar(PATH, { start: 0, end: scene.narSizeBytes }, never)) {
      expect(chunk.length).toBeGreaterThan(0);
      break;
    }
    expect(sha256(await read())).toBe(scene.narSha256);
  });

  it("gives nothing after its end", async () => {
    await read(0, 8);
    await scene[Symbol.asyncDispose]();
    await expect(read()).rejects.toMatchObject({ code: "ShuttingDown" });
  });

  it("lists the files", async () => {
    const { root } = JSON.parse((await scene.store.listing(PATH, never)) ?? "");
    expect(root.entries.large.size).toBe(8_000_003);
    const { narOffset } = root.entries.small;
    expect((await read(narOffset, narOffset + 1)).toString()).toBe("x");
  });
});

describe("a path that is not valid", () => {
  it("is not found, whatever is on disk", async () => {
    scene.forget();
    await expect(read(0, 1)).rejects.toMatchObject({ code: "PathNotFound" });
    await expect(scene.store.listing(PATH, never)).rejects.toMatchObject({ code: "PathNotFound" });
  });
});

describe("a path that a collector takes", () => {
  it("is not found, before the first byte and after it", async () => {
    const chunks = scene.store.nar(PATH, { start: 0, end: scene.narSizeBytes }, never)[Symbol.asyncIterator]();
    await chunks.next();
    scene.forget();
    rmSync(scene.root, { recursive: true });
    const drain = async (): Promise<void> => {
      while ((await chunks.next()).done !== true);
    };
    await expect(drain()).rejects.toMatchObject({ code: "PathNotFound" });
  });
});

describe("a damaged path", () => {
  const large = (): string => `${scene.root}/large`;
  const unlock = (): void => {
    chmodSync(scene.root, 0o755);
    chmodSync(large(), 0o644);
  };

  it.each<[string, () => void]>([
    ["a file that has grown", () => appendFileSync(large(), "as much as shows in the size of a NAR")],
    ["a file that is shorter", () => truncateSync(large(), 1000)],
    ["a file that is gone", () => rmSync(large())],
    ["a link in the place of a file", () => replace(() => symlinkSync("small", large()))],
    ["a directory in the place of a file", () => replace(() => mkdirSync(large()))],
  ])("is bad with %s, when it was served before and when it is looked at anew", async (_what, damage) => {
    await read();
    unlock();
    damage();
    await expect(read()).rejects.toMatchObject({ code: "BadBytes" });
    await expect(read()).rejects.toMatchObject({ code: "BadBytes" });
  });

  it("is bad when it has one file more than when it was registered", async () => {
    unlock();
    writeFileSync(`${scene.root}/other`, "");
    await expect(read()).rejects.toMatchObject({
      code: "BadBytes",
      message: expect.stringContaining(`${PATH} is damaged`),
    });
  });

  it("is served again when it is repaired", async () => {
    unlock();
    renameSync(large(), `${scene.root}/../large`);
    await expect(read()).rejects.toMatchObject({ code: "BadBytes" });
    renameSync(`${scene.root}/../large`, large());
    expect(sha256(await read())).toBe(scene.narSha256);
  });

  function replace(make: () => void): void {
    rmSync(large());
    make();
  }
});
