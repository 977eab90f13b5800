import { execFileSync } from "node:child_process";
import { closeSync, ftruncateSync, mkdirSync, openSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseStorePath, STORE_DIR } from "@niphas/core";
import { listTree, needs, type TemporaryDirectory, temporaryDirectory } from "@niphas/testing";
import { ComposefsStrategy, LinuxMounter, type ViewPlan } from "@niphas/views";
import { beforeEach, describe, expect, it } from "vitest";
import { pathInfo } from "./path-info.ts";

const STORE_PATH = parseStorePath(`${STORE_DIR}/${"0".repeat(32)}-extremes`);
const SPARSE_BYTES = 5 * 2 ** 30 + 7;
const signal = (): AbortSignal => AbortSignal.timeout(240_000);
let dir: TemporaryDirectory;
let source: string;

beforeEach((context) => {
  needs(context, "root", "private mount namespace", "mount.composefs");
  dir = temporaryDirectory("composefs-image");
  context.onTestFinished(() => dir[Symbol.asyncDispose]());
  source = dir.join("store", `${"0".repeat(32)}-extremes`);
  mkdirSync(source, { recursive: true });
});

describe("a composefs image", () => {
  it("holds directories of many blocks, whatever their names sort before or after", async () => {
    for (const prefix of ["!", "-", ".", "..", "0", "~", "é"]) {
      for (let index = 0; index < 60; index++)
        writeFileSync(join(source, prefix + index + "x".repeat(index * 3)), prefix);
    }
    const shown = await show();
    expect(listTree(shown)).toEqual(listTree(source));
  });

  it("holds links of every length that Linux allows", async () => {
    for (const length of [1, 2, 100, 3990, 4063, 4064, 4065, 4095])
      symlinkSync("t".repeat(length), join(source, `${length}`));
    const shown = await show();
    expect(listTree(shown)).toEqual(listTree(source));
  });

  it("holds names of 255 bytes, deep below each other", async () => {
    let path = source;
    for (let depth = 0; depth < 10; depth++) {
      path = join(path, String.fromCharCode(65 + depth).repeat(255));
      mkdirSync(path);
      writeFileSync(join(path, "f".repeat(255)), `${depth}`);
    }
    const shown = await show();
    expect(listTree(shown)).toEqual(listTree(source));
  });

  it("holds files larger than 4 GiB", async () => {
    const fd = openSync(join(source, "sparse"), "w");
    ftruncateSync(fd, SPARSE_BYTES);
    closeSync(fd);
    const shown = join(await show(), "sparse");
    expect(statSync(shown).size).toBe(SPARSE_BYTES);
    const tail = execFileSync("tail", ["-c", "3", "--", shown]);
    expect(tail).toEqual(Buffer.alloc(3));
  });

  it("holds more subdirectories than 16 bits can count", async () => {
    // In memory: on a disk this takes a minute.
    execFileSync("mount", ["-t", "tmpfs", "tmpfs", source]);
    for (let index = 0; index < 66_000; index++) mkdirSync(join(source, `${index}`));
    const shown = await show();
    expect(execFileSync("find", [shown, "-mindepth", "1", "-type", "d", "-printf", "."]).length).toBe(66_000);
    expect(statSync(shown).mtimeMs).toBe(1000);
  });

  it("has nothing that EROFS's own checker objects to", async (context) => {
    needs(context, "fsck.erofs");
    writeFileSync(join(source, "file"), "x");
    symlinkSync("file", join(source, "link"));
    for (let index = 0; index < 500; index++) mkdirSync(join(source, `directory-${index}`));
    await show();
    execFileSync("fsck.erofs", [dir.join("view/image.cfs")]);
  });
});

/** Gives the store what Nix gives it, shows it and returns where. */
async function show(): Promise<string> {
  execFileSync("chmod", ["-R", "a-w", source]);
  execFileSync("find", [source, "-exec", "touch", "--no-dereference", "--date=@1", "{}", "+"]);
  const strategy = new ComposefsStrategy({ mounter: new LinuxMounter() }, { viewsDir: dir.path });
  mkdirSync(dir.join("view"));
  await strategy.build(plan(), dir.join("view"), signal());
  await strategy.activate(dir.join("view"), dir.join("store"), signal());
  return dir.join("view/root", `${"0".repeat(32)}-extremes`);
}

function plan(): ViewPlan {
  return {
    layout: "store",
    roots: [STORE_PATH],
    links: [],
    closure: [pathInfo(STORE_PATH)],
    physicalStoreDir: dir.join("store"),
  };
}
