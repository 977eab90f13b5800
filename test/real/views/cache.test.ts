import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseStorePath, STORE_DIR, type StorePath, storePathBaseName } from "@niphas/core";
import { mountsAt, mountsBelow, needs, runCommand, waitUntil } from "@niphas/testing";
import type { View } from "@niphas/views";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { CacheFixture, type StrategyName } from "./cache-fixture.ts";

const signal = (): AbortSignal => AbortSignal.timeout(240_000);
const never = (): boolean => false;
let fixture: CacheFixture;
let viewsDir: string;

describe.each<StrategyName>(["composefs", "tree"])("DirectoryViewCache with %s", (forcedStrategy) => {
  let opened: CacheFixture | undefined;

  beforeEach(async (context) => {
    needs(context, "root", "private mount namespace", "nix-store", "mount.composefs");
    opened ??= await CacheFixture.create();
    fixture = opened;
    fixture.builds.length = 0;
    fixture.onBuild = undefined;
    viewsDir = fixture.newViewsDir();
  });

  afterAll(async () => {
    await opened?.[Symbol.asyncDispose]();
    expect(opened?.backgroundErrors ?? []).toEqual([]);
  });

  const start = () => fixture.start(viewsDir, { forcedStrategy });
  describe("acquire", () => acquireTests(start));
  describe("after a restart", () => restartTests(start));
  describe("what was damaged", () => damageTests(start));
  describe("remove", () => removeTests(start));
});

type Start = () => ReturnType<CacheFixture["start"]>;

function acquireTests(start: Start): void {
  it("builds a view once and finds it from then on", async () => {
    const cache = await start();
    expect(cache.peek(fixture.spec())).toBeUndefined();
    const built = await cache.acquire(fixture.spec(), signal());
    const found = await cache.acquire(fixture.spec(), signal());
    expect([built.isNew, found.isNew]).toEqual([true, false]);
    expect(found).toEqual({ ...built, isNew: false });
    expect(cache.peek(fixture.spec())).toEqual(found);
    expect(fixture.builds).toHaveLength(1);
    expectViewOf(built, 0);
  });

  it("builds once for callers that come at the same time", async () => {
    const cache = await start();
    const views = await Promise.all(Array.from({ length: 20 }, () => cache.acquire(fixture.spec(), signal())));
    expect(new Set(views.map((view) => view.key)).size).toBe(1);
    expect(fixture.builds).toHaveLength(1);
    expect(mountsBelow(viewsDir).length).toBeLessThanOrEqual(1);
  });

  it("makes different views for different roots, layouts and links", async () => {
    const cache = await start();
    const links = [{ name: "entrypoint", target: `${fixture.roots[0]}/bin/x` }];
    const specs = [
      fixture.spec(),
      fixture.spec({ roots: fixture.roots.slice(1) }),
      fixture.spec({ roots: fixture.roots }),
      fixture.spec({ layout: "nix" }),
      fixture.spec({ links }),
    ];
    const views = await Promise.all(specs.map((spec) => cache.acquire(spec, signal())));
    expect(new Set(views.map((view) => view.key)).size).toBe(specs.length);
    expect(cache.list()).toHaveLength(specs.length);
  });

  it("takes roots in any order for the same view", async () => {
    const cache = await start();
    const one = await cache.acquire(fixture.spec({ roots: fixture.roots }), signal());
    const other = await cache.acquire(fixture.spec({ roots: [...fixture.roots].reverse() }), signal());
    expect(other).toEqual({ ...one, isNew: false });
  });

  it("goes on for those who still wait when one of them is cancelled", async () => {
    const cache = await start();
    const impatient = new AbortController();
    const left = cache.acquire(fixture.spec(), impatient.signal);
    const stays = cache.acquire(fixture.spec(), signal());
    impatient.abort();
    await expect(left).rejects.toMatchObject({ code: "Cancelled" });
    expect((await stays).isNew).toBe(true);
    expect(fixture.builds).toHaveLength(1);
  });

  it("gives up when nobody waits any more, and leaves nothing", async () => {
    const cache = await start();
    const impatient = new AbortController();
    fixture.onBuild = () => impatient.abort();
    await expect(cache.acquire(fixture.spec(), impatient.signal)).rejects.toMatchObject({ code: "Cancelled" });
    expect(fixture.builds).toHaveLength(1);
    fixture.onBuild = undefined;
    await waitUntil("the half-built view to go", () => readdirSync(viewsDir).length === 0);
    expect((await cache.acquire(fixture.spec(), signal())).isNew).toBe(true);
  });

  it("does not know a path that is not valid, though it lies in the store", async () => {
    const cache = await start();
    const spec = fixture.spec({ roots: [parseStorePath(`${STORE_DIR}/${"0".repeat(32)}-unknown`)] });
    expect(cache.peek(spec)).toBeUndefined();
    await expect(cache.acquire(spec, signal())).rejects.toMatchObject({ code: "PathNotFound" });
  });
}

function restartTests(start: Start): void {
  it("finds finished views, with the time of their last use", async () => {
    const first = await start();
    const built = await first.acquire(fixture.spec(), signal());
    first.touch(built.key);
    await first.stop();
    const [before] = first.list();
    const second = await start();
    const [after] = second.list();
    expect(after).toEqual({ ...before, lastUsedAtMs: expect.closeTo(before?.lastUsedAtMs ?? 0, -1) });
    expect(await second.acquire(fixture.spec(), signal())).toEqual({ ...built, isNew: false });
    expect(fixture.builds).toHaveLength(1);
  });

  it("makes a view visible again whose mount is gone, as after a reboot", async () => {
    const cache = await start();
    const built = await cache.acquire(fixture.spec(), signal());
    fixture.mounter.unmountAll(built.rootDir);
    const again = await cache.acquire(fixture.spec(), signal());
    expect(again).toEqual({ ...built, isNew: false });
    expectViewOf(again, 0);
    expect(mountsAt(built.rootDir).length).toBeLessThanOrEqual(1);
  });

  it("builds anew when a root was registered anew since", async () => {
    const first = await start();
    const built = await first.acquire(fixture.spec(), signal());
    await first.stop();
    const { database } = fixture;
    const renumbered = {
      validId: (path: Parameters<typeof database.validId>[0]) => (database.validId(path) ?? 0) + 1000,
      readClosure: database.readClosure.bind(database),
    };
    const second = await fixture.start(viewsDir, { forcedStrategy: built.strategy }, { database: renumbered });
    expect((await second.acquire(fixture.spec(), signal())).isNew).toBe(true);
    expect(second.list().map((view) => view.rootIds)).toEqual([[renumbered.validId(rootAt(0))]]);
  });

  it("removes what a crash left behind, and nothing else", async () => {
    const first = await start();
    const kept = await first.acquire(fixture.spec(), signal());
    await first.stop();
    const leftover = join(viewsDir, ".tmp-0123456789abcdef");
    mkdirSync(join(leftover, "root/mounted"), { recursive: true });
    await runCommand(["mount", "--bind", fixture.physicalStoreDir, join(leftover, "root/mounted")]);
    mkdirSync(join(viewsDir, "b".repeat(64), "root"), { recursive: true });
    mkdirSync(join(viewsDir, "somebody's"));
    await (await start()).stop();
    expect(readdirSync(viewsDir).sort()).toEqual([kept.key, "somebody's"].sort());
    expect(readdirSync(fixture.physicalStoreDir).length).toBeGreaterThan(10);
    expect(mountsBelow(leftover)).toEqual([]);
  });
}

function damageTests(start: Start): void {
  it.each([
    ["cut off", (text: string) => text.slice(0, 20)],
    ["empty", () => ""],
    ["of another version", (text: string) => text.replace(/"version":\d+/, '"version":99')],
    ["of another view", (text: string) => text.replace(/"key":"..../, '"key":"0000')],
  ])("is removed at the start when its record is %s", async (_, change) => {
    const first = await start();
    const built = await first.acquire(fixture.spec(), signal());
    await first.stop();
    const record = join(dirname(built.rootDir), "view.json");
    writeFileSync(record, change(readFileSync(record, "utf8")));
    const second = await start();
    expect(second.list()).toEqual([]);
    expect(await second.acquire(fixture.spec(), signal())).toEqual({ ...built, isNew: true });
    await second.stop();
    expect(readdirSync(viewsDir)).toEqual([built.key]);
  });

  it("is built anew when its files are gone", async () => {
    const cache = await start();
    const built = await cache.acquire(fixture.spec(), signal());
    fixture.mounter.unmountAll(built.rootDir);
    rmSync(dirname(built.rootDir), { recursive: true });
    expect(cache.peek(fixture.spec())).toBeUndefined();
    expect(await cache.acquire(fixture.spec(), signal())).toEqual({ ...built, isNew: true });
    expectViewOf(built, 0);
  });

  it("stays as it is, record or not, while something is mounted from it", async () => {
    const first = await start();
    const built = await first.acquire(fixture.spec(), signal());
    const target = fixture.newTarget();
    fixture.mounter.bindReadOnly(built.rootDir, target);
    await first.stop();
    rmSync(join(dirname(built.rootDir), "view.json"));
    const second = await start();
    await second.acquire(fixture.spec(), signal());
    await second.stop();
    expectViewOf({ ...built, rootDir: target }, 0);
    fixture.mounter.unmountAll(target);
    await (await start()).stop();
    expect(readdirSync(viewsDir)).toEqual([built.key]);
  });
}

function removeTests(start: Start): void {
  it("takes away a view that nobody uses, with its mount", async () => {
    const cache = await start();
    const built = await cache.acquire(fixture.spec(), signal());
    expect(await cache.remove(built.key, never)).toBe(true);
    expect(readdirSync(viewsDir)).toEqual([]);
    expect(mountsBelow(viewsDir)).toEqual([]);
    expect(cache.list()).toEqual([]);
    expect(cache.peek(fixture.spec())).toBeUndefined();
    expect(await cache.remove(built.key, never)).toBe(true);
    expect((await cache.acquire(fixture.spec(), signal())).isNew).toBe(true);
  });

  it("refuses while the caller says that the view is in use", async () => {
    const cache = await start();
    const built = await cache.acquire(fixture.spec(), signal());
    expect(await cache.remove(built.key, (key) => key === built.key)).toBe(false);
    expectViewOf(built, 0);
  });

  it("refuses while anything is mounted from it, also after a restart", async () => {
    const first = await start();
    const built = await first.acquire(fixture.spec(), signal());
    const target = fixture.newTarget();
    fixture.mounter.bindReadOnly(built.rootDir, target);
    expect(await first.remove(built.key, never)).toBe(false);
    await first.stop();
    const second = await start();
    expect(await second.remove(built.key, never)).toBe(false);
    expectViewOf({ ...built, rootDir: target }, 0);
    fixture.mounter.unmountAll(target);
    expect(await second.remove(built.key, never)).toBe(true);
  });

  it("does not touch other views", async () => {
    const cache = await start();
    const gone = await cache.acquire(fixture.spec(), signal());
    const stays = await cache.acquire(fixture.spec({ roots: fixture.roots.slice(1) }), signal());
    expect(await cache.remove(gone.key, never)).toBe(true);
    expectViewOf(stays, 1);
    expect(readdirSync(viewsDir)).toEqual([stays.key]);
  });

  it("and acquire at the same time leave a whole view or none", async () => {
    const cache = await start();
    for (let round = 0; round < 5; round++) {
      const { key } = await cache.acquire(fixture.spec(), signal());
      const [, view] = await Promise.all([cache.remove(key, never), cache.acquire(fixture.spec(), signal())]);
      const now = await cache.acquire(fixture.spec(), signal());
      expect(now.key).toBe(view.key);
      expectViewOf(now, 0);
      expect(mountsAt(now.rootDir).length).toBeLessThanOrEqual(1);
    }
  });
}

function expectViewOf(view: View, rootIndex: number): void {
  const root = rootAt(rootIndex);
  const expected = fixture.database.closure([root]).map((info) => storePathBaseName(info.path));
  expect(readdirSync(view.rootDir).sort()).toEqual([".roots", ...expected].sort());
  const probe = join(view.rootDir, storePathBaseName(root), "nix-support/references");
  expect(existsSync(probe) && statSync(probe).size).toBeGreaterThan(0);
}

function rootAt(index: number): StorePath {
  const root = fixture.roots[index];
  if (root === undefined) throw new Error("the fixture has no such root");
  return root;
}
