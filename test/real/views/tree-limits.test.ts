import { linkSync, lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { parseStorePath, STORE_DIR, type StorePath, storePathBaseName } from "@niphas/core";
import { LoopFileSystem, needs, runCommand, type TemporaryDirectory, temporaryDirectory } from "@niphas/testing";
import { TreeStrategy, type ViewPlan } from "@niphas/views";
import { beforeEach, describe, expect, it } from "vitest";
import { pathInfo } from "./path-info.ts";

/** include/linux/ext4: EXT4_LINK_MAX */
const EXT4_LINK_MAX = 65_000;
const signal = (): AbortSignal => AbortSignal.timeout(240_000);

let dir: TemporaryDirectory;
let storeDir: string;
let viewsDir: string;

/** An ext4 of our own, so that its limits are known whatever the machine's file system is. */
async function smallFileSystem(options: { readonly sizeMiB: number; readonly inodeCount?: number }): Promise<void> {
  await LoopFileSystem.create({ imageFile: dir.join("disk"), mountPoint: dir.join("disk.d"), ...options });
  storeDir = dir.join("disk.d/store");
  viewsDir = dir.join("disk.d/views");
  mkdirSync(storeDir);
  mkdirSync(viewsDir);
}

beforeEach((context) => {
  needs(context, "root", "private mount namespace", "mkfs.ext4");
  dir = temporaryDirectory("tree-limits");
  context.onTestFinished(() => dir[Symbol.asyncDispose]());
});

describe("TreeStrategy where files have as many links as ext4 allows", () => {
  it("copies such a file once, with its mode and time, and links the copy", async () => {
    await smallFileSystem({ sizeMiB: 64 });
    const paths = ["a", "b"].map((name) => addPath(name, 3));
    const first = `${storeDir}/${storePathBaseName(paths[0] ?? addPath("unused", 0))}/file-0`;
    await runCommand(["chmod", "0555", first]);
    await runCommand(["touch", "-d", "@1", first]);
    linkEverywhere(first, paths);
    await build(paths, 1);
    const copies = paths.flatMap((path) => readdirSync(viewPath(path)).map((name) => `${viewPath(path)}/${name}`));
    const shown = copies.filter((path) => path.includes("full-")).map((path) => lstatSync(path));
    expect(new Set(shown.map((stats) => stats.ino)).size).toBe(1);
    expect(shown.map((stats) => [stats.mode & 0o777, stats.mtimeMs, stats.nlink])).toEqual(
      shown.map(() => [0o555, 1000, shown.length + 1]),
    );
    expect(lstatSync(first).nlink).toBe(EXT4_LINK_MAX);
    expect(readFileSync(copies.find((path) => path.includes("full-")) ?? "", "utf8")).toBe("file 0 of a");
  });
});

describe("TreeStrategy where there is no room", () => {
  it("says that the disk has no inodes left", async () => {
    await smallFileSystem({ sizeMiB: 16, inodeCount: 64 });
    const path = addPath("many-directories", 0);
    for (let index = 0; index < 30; index++) mkdirSync(`${storeDir}/${storePathBaseName(path)}/directory-${index}`);
    await expect(build([path])).rejects.toMatchObject({ code: "InodesExhausted" });
  });

  it("says that the disk is full", async () => {
    await smallFileSystem({ sizeMiB: 8 });
    const path = addPath("many-names", 0);
    for (let index = 0; index < 4; index++) mkdirSync(`${storeDir}/${storePathBaseName(path)}/directory-${index}`);
    mkdirSync(`${viewsDir}/view`);
    await runCommand(["dd", "if=/dev/zero", `of=${dir.join("disk.d/filler")}`, "bs=1024"], { allowFailure: true });
    await expect(build([path])).rejects.toMatchObject({ code: "DiskFull" });
  });
});

describe("TreeStrategy where store and views are apart", () => {
  beforeEach(async () => {
    await smallFileSystem({ sizeMiB: 16 });
    viewsDir = dir.join("views-elsewhere");
    mkdirSync(viewsDir);
  });

  it("fails its probe and names both directories and the cure", async () => {
    const probe = await new TreeStrategy({ physicalStoreDir: storeDir, viewsDir }).probe(signal());
    expect(probe).toMatchObject({ ok: false, advice: expect.stringContaining("one file system and one mount") });
    expect(probe.ok ? "" : probe.reason).toContain(storeDir);
    expect(probe.ok ? "" : probe.reason).toContain(viewsDir);
    expect(readdirSync(storeDir)).toEqual([]);
    expect(readdirSync(viewsDir)).toEqual([]);
  });

  it("fails to build with the same explanation", async () => {
    await expect(build([addPath("a", 1)])).rejects.toMatchObject({
      code: "ViewUnavailable",
      message: expect.stringContaining("one file system and one mount"),
    });
  });
});

function addPath(name: string, fileCount: number): StorePath {
  const path = parseStorePath(`${STORE_DIR}/${"0".repeat(31)}${name.length % 10}-${name}`);
  const physical = `${storeDir}/${storePathBaseName(path)}`;
  mkdirSync(physical);
  for (let index = 0; index < fileCount; index++)
    writeFileSync(`${physical}/file-${index}`, `file ${index} of ${name}`);
  return path;
}

/** Gives `file` two more names in each path, and elsewhere as many as fit. */
function linkEverywhere(file: string, paths: readonly StorePath[]): void {
  for (const path of paths) {
    for (const name of ["full-1", "full-2"]) linkSync(file, `${storeDir}/${storePathBaseName(path)}/${name}`);
  }
  mkdirSync(dir.join("disk.d/links"));
  for (let count = lstatSync(file).nlink; count < EXT4_LINK_MAX; count++)
    linkSync(file, dir.join(`disk.d/links/${count}`));
}

function viewPath(path: StorePath): string {
  return `${viewsDir}/view/root/${storePathBaseName(path)}`;
}

async function build(paths: readonly StorePath[], workerCount = 2): Promise<void> {
  const closure = paths.map((path, index) => pathInfo(path, index + 1));
  const plan: ViewPlan = { layout: "store", roots: paths.slice(0, 1), links: [], closure, physicalStoreDir: storeDir };
  mkdirSync(`${viewsDir}/view`, { recursive: true });
  await new TreeStrategy({ physicalStoreDir: storeDir, viewsDir, workerCount }).build(
    plan,
    `${viewsDir}/view`,
    signal(),
  );
}
