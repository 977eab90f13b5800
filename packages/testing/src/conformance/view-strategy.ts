import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { type StorePath, storePathBaseName } from "@niphas/core";
import { LinuxMounter } from "@niphas/views";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { mountsAt } from "../mounts/mount-table.ts";
import { needs } from "../prerequisites/prerequisites.ts";
import { expectedListing } from "./expected-listing.ts";
import { listTree } from "./listing.ts";
import { newDirectory, type Stage, ViewFixture, type ViewStrategySuite } from "./view-fixture.ts";

const signal = (): AbortSignal => AbortSignal.timeout(240_000);

/**
 * What every view strategy promises, on a store of real Nix: exactly the
 * closure, byte for byte, and read-only once it is mounted. To be called at the top of a test file.
 */
export function describeViewStrategy(name: string, suite: ViewStrategySuite): void {
  const fixture = new ViewFixture(suite);
  describe(`${name} view strategy`, () => {
    beforeEach(async (context) => {
      needs(context, "root", "private mount namespace", "nix-store", ...suite.needs);
      await fixture.open();
    });
    afterAll(() => fixture.close());
    describe("what a view shows", () => contentTests(() => fixture.stage()));
    describe("a view as a volume", () => volumeTests(() => fixture.stage()));
    describe("life of a view", () => lifeTests(() => fixture.stage()));
  });
}

function contentTests(stage: () => Stage): void {
  it("passes its own probe", async () => {
    expect(await stage().strategy.probe(signal())).toEqual({ ok: true });
    expect(readdirSync(stage().viewsDir).filter((entry) => entry.includes("probe"))).toEqual([]);
  });

  it.each(["store", "nix"] as const)("shows exactly the closure and the links in layout %s", async (layout) => {
    const plan = stage().plan(layout, [
      { name: "entrypoint", target: `${stage().closure.program}/bin/script` },
      { name: "bin/tool", target: `${stage().closure.program}/bin/link` },
    ]);
    const viewDir = await stage().make(plan);
    expect(listTree(join(viewDir, "root"))).toEqual(expectedListing(plan));
  });

  it("shows the same whatever the umask is", async () => {
    const plan = stage().plan("store", [{ name: "bin/tool", target: `${stage().closure.program}/bin/link` }]);
    const umask = process.umask(0o077);
    try {
      expect(listTree(join(await stage().make(plan), "root"))).toEqual(expectedListing(plan));
    } finally {
      process.umask(umask);
    }
  });

  it("shows no other path of the store", async () => {
    const viewDir = await stage().make(stage().plan("store"));
    const root = join(viewDir, "root");
    const unrelated = storePathBaseName(stage().closure.unrelated);
    expect(existsSync(join(stage().physicalStoreDir, unrelated))).toBe(true);
    expect(existsSync(join(root, unrelated))).toBe(false);
    expect(readdirSync(root)).not.toContain(unrelated);
  });

  it.each(["store", "nix"] as const)("leads its links inside the view, in layout %s", async (layout) => {
    const target = `${stage().closure.program}/bin/script`;
    const viewDir = await stage().make(stage().plan(layout, [{ name: "entrypoint", target }]));
    const root = join(viewDir, "root");
    const store = layout === "nix" ? join(root, "store") : root;
    const program = join(store, storePathBaseName(stage().closure.program));
    expect(realpathSync(join(store, ".roots/program-1.0"))).toBe(program);
    expect(realpathSync(join(store, ".niphas/entrypoint"))).toBe(join(program, "bin/script"));
    if (layout === "nix") {
      const first = storePathBaseName(stage().plan(layout).roots[0] ?? stage().closure.program);
      expect(readlinkSync(join(root, "var/result"))).toBe(`../store/${first}`);
    }
  });
}

function volumeTests(stage: () => Stage): void {
  it("refuses every kind of write when it is mounted read-only", async () => {
    await using volume = await mounted(stage());
    const program = join(volume.target, storePathBaseName(stage().closure.program));
    expect(() => writeFileSync(join(program, "empty"), "x")).toThrow(/EROFS/);
    expect(() => writeFileSync(join(program, "new"), "x")).toThrow(/EROFS/);
    expect(() => mkdirSync(join(volume.target, "new"))).toThrow(/EROFS/);
    expect(() => unlinkSync(join(program, "empty"))).toThrow(/EROFS/);
    expect(() => chmodSync(join(program, "empty"), 0o777)).toThrow(/EROFS/);
  });

  it("is one mount, read-only, nosuid and nodev", async () => {
    await using volume = await mounted(stage());
    const mounts = mountsAt(volume.target);
    expect(mounts).toHaveLength(1);
    expect(mounts[0]?.options).toEqual(expect.arrayContaining(["ro", "nosuid", "nodev"]));
  });

  it("shows through the mount what it shows itself", async () => {
    await using volume = await mounted(stage());
    expect(listTree(volume.target)).toEqual(listTree(join(volume.viewDir, "root")));
  });

  it("runs programs", async () => {
    await using volume = await mounted(stage());
    const script = join(volume.target, ".roots/program-1.0/bin/script");
    expect(execFileSync(script, { encoding: "utf8" })).toBe("script\n");
  });
}

function lifeTests(stage: () => Stage): void {
  it("is activated and deactivated any number of times", async () => {
    const plan = stage().plan("store");
    const viewDir = await stage().make(plan);
    await stage().strategy.activate(viewDir, plan.physicalStoreDir, signal());
    expect(mountsAt(join(viewDir, "root")).length).toBeLessThanOrEqual(1);
    await stage().strategy.deactivate(viewDir);
    await stage().strategy.deactivate(viewDir);
    expect(mountsAt(join(viewDir, "root"))).toEqual([]);
    await stage().strategy.activate(viewDir, plan.physicalStoreDir, signal());
    expect(listTree(join(viewDir, "root"))).toEqual(expectedListing(plan));
  });

  it("keeps working under another name, because it is built under a temporary one", async () => {
    const plan = stage().plan("store");
    const built = newDirectory(stage().viewsDir);
    await stage().strategy.build(plan, built, signal());
    const renamed = `${built}-final`;
    execFileSync("mv", ["--", built, renamed]);
    await stage().strategy.activate(renamed, plan.physicalStoreDir, signal());
    expect(listTree(join(renamed, "root"))).toEqual(expectedListing(plan));
  });

  it("does not mount while it builds", async () => {
    const built = newDirectory(stage().viewsDir);
    await stage().strategy.build(stage().plan("store"), built, signal());
    expect(mountsAt(join(built, "root"))).toEqual([]);
  });

  it("stops at once when it is cancelled", async () => {
    const cancelled = new AbortController();
    const built = newDirectory(stage().viewsDir);
    const building = stage().strategy.build(stage().plan("store"), built, cancelled.signal);
    cancelled.abort();
    await expect(building).rejects.toMatchObject({ code: "Cancelled" });
  });

  it("names the cure when a valid path is missing on disk", async () => {
    const plan = stage().plan("store");
    const gone = { ...plan, closure: plan.closure.map((info) => ({ ...info, path: missing(info.path) })) };
    const building = stage().strategy.build(gone, newDirectory(stage().viewsDir), signal());
    const message = expect.stringContaining("--repair");
    await expect(building).rejects.toMatchObject({ code: "ViewUnavailable", message });
  });

  it("refuses a store path that holds what Nix never puts there", async () => {
    const pipe = join(stage().physicalStoreDir, storePathBaseName(stage().closure.program), "deep/pipe");
    execFileSync("mkfifo", ["--", pipe]);
    try {
      const building = stage().strategy.build(stage().plan("store"), newDirectory(stage().viewsDir), signal());
      const message = expect.stringContaining("device, pipe or socket");
      await expect(building).rejects.toMatchObject({ code: "ViewUnavailable", message });
    } finally {
      rmSync(pipe);
    }
  });
}

interface Volume extends AsyncDisposable {
  readonly target: string;
  readonly viewDir: string;
}

async function mounted(stage: Stage): Promise<Volume> {
  const viewDir = await stage.make(stage.plan("store"));
  const target = newDirectory(dirname(stage.viewsDir));
  const mounter = new LinuxMounter();
  mounter.bindReadOnly(join(viewDir, "root"), target);
  return {
    target,
    viewDir,
    [Symbol.asyncDispose]: async () => {
      mounter.unmountAll(target);
      rmSync(target, { recursive: true });
    },
  };
}

function missing(path: StorePath): StorePath {
  return path.replace(/^\/nix\/store\/.{4}/, "/nix/store/0000") as StorePath;
}
