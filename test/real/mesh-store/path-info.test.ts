import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import {
  formatNarInfo,
  hasTrustedSignature,
  isContentAddressed,
  parseNarInfo,
  parseTrustedKey,
  type StorePath,
  storePathHash,
} from "@niphas/core";
import { createLocalStore, type PathHash } from "@niphas/mesh";
import { openStoreDatabase } from "@niphas/nix";
import { needs } from "@niphas/testing";
import { beforeEach, describe, expect, it } from "vitest";
import { meshScene, never } from "./scene.ts";

beforeEach((context) => needs(context, "nix-store"));

function hashOf(path: StorePath): PathHash {
  return storePathHash(path) as PathHash;
}

describe("a local store", () => {
  it("finds a path by its hash, and no other", async () => {
    await using scene = await meshScene();
    const closure = await scene.nix.addClosure({ name: "app", pathCount: 30, fileCount: 30 });
    const keys = new Map([["niphas-test-1", parseTrustedKey(scene.nix.publicKey)]]);
    for (const path of closure.paths) {
      const info = scene.store.pathInfo(hashOf(path));
      expect(info?.path).toBe(path);
      expect(info !== undefined && (await hasTrustedSignature(info, keys))).toBe(true);
    }
    for (const hash of [
      "",
      "0".repeat(32),
      "z".repeat(32),
      `${hashOf(closure.root)}-app`,
      hashOf(closure.root).slice(1),
    ]) {
      expect(scene.store.pathInfo(hash as PathHash)).toBeUndefined();
    }
    const infos = await scene.store.closure(closure.root, never);
    expect(infos.map(({ path }) => path)).toEqual([...closure.paths].sort());
  });

  it("tells what a narinfo of Nix tells, which is read and written alike", async () => {
    await using scene = await meshScene();
    const closure = await scene.nix.addClosure({ name: "app", pathCount: 5, fileCount: 5 });
    const cacheDir = scene.directory.join("cache");
    await scene.nix.copyToCache(cacheDir, [closure.root], { compression: "xz" });
    const files = readdirSync(cacheDir).filter((name) => name.endsWith(".narinfo"));
    expect(files).toHaveLength(5);
    for (const name of files) {
      const text = readFileSync(`${cacheDir}/${name}`, "utf8");
      const info = parseNarInfo(text);
      expect(formatNarInfo(info)).toBe(text);
      const { url, compression, fileHash, fileSizeBytes, ...signed } = info;
      expect(scene.store.pathInfo(hashOf(info.path))).toEqual(signed);
      expect([compression, fileHash, fileSizeBytes, url]).toEqual([
        "xz",
        expect.any(String),
        expect.any(Number),
        expect.any(String),
      ]);
    }
  });

  it("knows what Nix names by its content", async () => {
    await using scene = await meshScene();
    mkdirSync(scene.directory.join("source"));
    writeFileSync(scene.directory.join("source/file"), "content");
    const path = await scene.nix.addContentAddressed(scene.directory.join("source"));
    const info = scene.store.pathInfo(hashOf(path));
    expect(info !== undefined && isContentAddressed(info)).toBe(true);
    expect(info !== undefined && isContentAddressed({ ...info, path: `${path}x` as StorePath })).toBe(false);
  });
});

describe("a store that is mounted read-only", () => {
  beforeEach((context) => needs(context, "root", "private mount namespace"));

  it("is read with all that Nix has written, also after it was opened", async () => {
    await using scene = await meshScene();
    const first = await scene.nix.addClosure({ name: "first", pathCount: 1, fileCount: 1 });
    const mounted = scene.directory.join("mounted");
    mkdirSync(mounted);
    execFileSync("mount", ["--bind", scene.nix.location.rootDir, mounted]);
    execFileSync("mount", ["-o", "remount,bind,ro", mounted]);
    const location = { rootDir: mounted };
    const database = openStoreDatabase(location, { access: "readOnly" });
    await using store = createLocalStore({ database }, { store: location });
    expect(store.pathInfo(hashOf(first.root))?.path).toBe(first.root);
    const second = await scene.nix.addClosure({ name: "second", pathCount: 1, fileCount: 1 });
    const info = store.pathInfo(hashOf(second.root));
    expect(info?.path).toBe(second.root);
    let sizeBytes = 0;
    for await (const chunk of store.nar(second.root, { start: 0, end: info?.narSizeBytes ?? 0 }, never)) {
      sizeBytes += chunk.length;
    }
    expect(sizeBytes).toBe(info?.narSizeBytes);
    database.close();
  });

  it("is unavailable, with the reason, while nobody keeps the database's files there", async () => {
    await using scene = await meshScene();
    await scene.nix.addClosure({ name: "app", pathCount: 1, fileCount: 1 });
    scene.database.close();
    const mounted = scene.directory.join("mounted");
    mkdirSync(mounted);
    execFileSync("mount", ["--bind", scene.nix.location.rootDir, mounted]);
    execFileSync("mount", ["-o", "remount,bind,ro", mounted]);
    expect(() => openStoreDatabase({ rootDir: mounted }, { access: "readOnly" })).toThrow(
      expect.objectContaining({ code: "StoreUnavailable", message: expect.stringContaining("open to write") }),
    );
  });
});
