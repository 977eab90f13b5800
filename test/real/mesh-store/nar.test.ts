import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { NarReader, type StorePath } from "@niphas/core";
import { directory, file, needs, SeededRandom, symlink, type TestStore, type Tree } from "@niphas/testing";
import { beforeEach, describe, expect, it } from "vitest";
import { dumpOf, meshScene, narOf, never } from "./scene.ts";

const ENTRY_COUNT = 100_000;
const RANGES_PER_TREE = 40;

beforeEach((context) => needs(context, "nix-store"));

/** Names and targets that only bytes can tell, in the order in which Nix must not put them. */
async function addOddNames(nix: TestStore, scratchDir: string): Promise<StorePath> {
  const path = `${scratchDir}/odd-names`;
  mkdirSync(path);
  for (const name of ["-", "\n", "new\nline", "a b", "B", "a", "ä", "日本", "\u0001", "~", "x".repeat(255)]) {
    writeFileSync(`${path}/${name}`, `content of ${name}`);
  }
  for (const bytes of [[0xff], [0xc3, 0x28], [0x80, 0x20], [0xc3, 0xa4, 0xff]]) {
    const name = Buffer.concat([Buffer.from(`${path}/`), Buffer.from(bytes)]);
    mkdirSync(name);
    writeFileSync(Buffer.concat([name, Buffer.from("/inner")]), "below");
  }
  symlinkSync(Buffer.from([0xe9, 0x0a, 0x5c]), `${path}/link-to-bytes`);
  return await nix.addContentAddressed(path);
}

function deepTree(): Tree {
  let tree: Tree = directory({ bottom: file("deep") });
  for (let level = 0; level < 60; level++) tree = directory({ [`level-${level}`]: tree });
  return tree;
}

function manyEntries(): Tree {
  const folders = Array.from({ length: ENTRY_COUNT / 1000 }, (_, folder) => {
    const files = Array.from({ length: 999 }, (_each, index) => [
      `entry-${index}`,
      index % 10 === 0 ? symlink(`entry-${index + 1}`) : file(`${folder}/${index}`, { executable: index % 7 === 0 }),
    ]);
    return [`folder-${folder}`, directory(Object.fromEntries(files))] as const;
  });
  return directory(Object.fromEntries(folders));
}

const TREES: readonly (readonly [what: string, tree: Tree])[] = [
  ["an empty file", file("")],
  ["a file", file("niphas\n")],
  ["a program", file("#!/bin/sh\n", { executable: true })],
  ["a symbolic link", symlink("/nix/store")],
  ["an empty directory", directory({})],
  ["deep directories", deepTree()],
  [
    "files of sizes around 8 bytes and 256 KiB",
    directory(
      Object.fromEntries(
        [0, 1, 7, 8, 9, 262_143, 262_144, 262_145, 3_000_000].map((size) => [
          `size-${size}`,
          file(Buffer.alloc(size, "niphas"), { executable: size % 2 === 0 }),
        ]),
      ),
    ),
  ],
];

describe("the NAR of", () => {
  it.each(TREES)("%s is what nix-store --dump writes, whole and in ranges", async (_what, tree) => {
    await using scene = await meshScene();
    await expectDump(scene, await scene.nix.addTree(tree, "tree"));
  });

  it("names that are no text is what nix-store --dump writes, whole and in ranges", async () => {
    await using scene = await meshScene();
    await expectDump(scene, await addOddNames(scene.nix, scene.directory.path));
  });

  it(`${ENTRY_COUNT} entries is what nix-store --dump writes, whole and in ranges`, async () => {
    await using scene = await meshScene();
    await expectDump(scene, await scene.nix.addTree(manyEntries(), "many-entries"));
  });
});

async function expectDump(scene: Awaited<ReturnType<typeof meshScene>>, path: StorePath): Promise<void> {
  const dump = await dumpOf(scene.nix, path);
  expect(scene.database.pathInfo(path)?.narSizeBytes).toBe(dump.length);
  expect((await narOf(scene.store, path, 0, dump.length)).equals(dump)).toBe(true);
  const random = new SeededRandom(dump.length);
  for (let count = 0; count < RANGES_PER_TREE; count++) {
    const start = random.below(dump.length + 1);
    const end = start + random.below(Math.min(dump.length - start, 2_000_000) + 1);
    const bytes = await narOf(scene.store, path, start, end);
    expect(bytes.equals(dump.subarray(start, end)), `${start} to ${end}`).toBe(true);
  }
  const reader = new NarReader(() => undefined);
  for (let at = 0; at < dump.length; at += 65_537) reader.push(dump.subarray(at, at + 65_537));
  reader.end();
}

describe("a listing", () => {
  it("says what Nix writes into a binary cache", async () => {
    await using scene = await meshScene();
    const tree = directory({
      bin: directory({ run: file("#!/bin/sh\n", { executable: true }), link: symlink("run") }),
      "ümlaut\n": file("x"),
      empty: file(""),
      none: directory({}),
    });
    const path = await scene.nix.addTree(tree, "listed");
    const cacheDir = scene.directory.join("cache");
    const url = `file://${cacheDir}?compression=none&write-nar-listing=true`;
    await scene.nix.nix(["copy", "--no-check-sigs", "--from", scene.nix.location.rootDir, "--to", url, path]);
    const name = readdirSync(cacheDir).find((each) => each.endsWith(".ls")) ?? "";
    const expected: unknown = JSON.parse(readFileSync(`${cacheDir}/${name}`, "utf8"));
    expect(JSON.parse((await scene.store.listing(path, never)) ?? "")).toEqual(expected);
  });
});

describe("a path that the collector takes while it is served", () => {
  it("is not found", async () => {
    await using scene = await meshScene();
    const path = await scene.nix.addTree(directory({ large: file(Buffer.alloc(16_000_000)) }), "collected");
    const chunks = scene.store.nar(path, { start: 0, end: 16_000_000 }, never)[Symbol.asyncIterator]();
    await chunks.next();
    await scene.nix.collectGarbage();
    const drain = async (): Promise<void> => {
      while ((await chunks.next()).done !== true);
    };
    await expect(drain()).rejects.toMatchObject({ code: "PathNotFound" });
    await expect(narOf(scene.store, path, 0, 1)).rejects.toMatchObject({ code: "PathNotFound" });
  });

  it("is damaged when only its files are gone", async () => {
    await using scene = await meshScene();
    const path = await scene.nix.addTree(directory({ small: file("x") }), "damaged");
    rmSync(scene.nix.physicalPath(path), { recursive: true });
    await expect(narOf(scene.store, path, 0, 1)).rejects.toMatchObject({ code: "BadBytes" });
  });
});
