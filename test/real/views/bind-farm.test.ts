import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseStorePath, STORE_DIR, storePathBaseName } from "@niphas/core";
import {
  expectedListing,
  listTree,
  makeSharedMount,
  mountsBelow,
  needs,
  runCommand,
  type TemporaryDirectory,
  temporaryDirectory,
  ViewFixture,
} from "@niphas/testing";
import { assembleBindFarm, TreeStrategy } from "@niphas/views";
import { afterAll, beforeEach, describe, expect, it } from "vitest";

const fixture = new ViewFixture({ needs: [], makeStrategy: (places) => new TreeStrategy(places) });
let dir: TemporaryDirectory;
let target: string;

beforeEach(async (context) => {
  needs(context, "root", "private mount namespace", "nix-store");
  await fixture.open();
  dir = temporaryDirectory("bind-farm");
  context.onTestFinished(() => dir[Symbol.asyncDispose]());
  target = dir.join("target");
  mkdirSync(target);
});

afterAll(() => fixture.close());

describe("assembleBindFarm", () => {
  it.each([
    "store",
    "nix",
  ] as const)("shows exactly the closure and the links in layout %s, whatever the umask is", (layout) => {
    const plan = fixture.stage().plan(layout, [{ name: "entrypoint", target: `${program()}/bin/script` }]);
    const umask = process.umask(0o077);
    try {
      assembleBindFarm(plan, target);
    } finally {
      process.umask(umask);
    }
    expect(listTree(target)).toEqual(expectedListing(plan));
  });

  it("makes every mount read-only, nosuid and nodev", () => {
    assembleBindFarm(fixture.stage().plan("store"), target);
    const mounts = mountsBelow(target);
    // The tmpfs, and one for each path that is not a symbolic link.
    expect(mounts).toHaveLength(fixture.stage().plan("store").closure.length);
    for (const mount of mounts) expect(mount.options).toEqual(expect.arrayContaining(["ro", "nosuid", "nodev"]));
    const inside = join(target, storePathBaseName(program()));
    for (const path of [join(target, "new"), join(inside, "new"), join(inside, "empty")]) {
      expect(() => writeFileSync(path, "x")).toThrow(/EROFS/);
    }
  });

  it("refuses where its mounts would be seen elsewhere, and mounts nothing", async () => {
    await makeSharedMount(target);
    expect(() => assembleBindFarm(fixture.stage().plan("store"), target)).toThrow(/mount namespace of its own/);
    expect(mountsBelow(target)).toHaveLength(1);
  });

  it("leaves nothing behind when a path is missing", () => {
    const plan = fixture.stage().plan("store");
    const gone = parseStorePath(`${STORE_DIR}/${"0".repeat(32)}-gone`);
    const broken = {
      ...plan,
      closure: plan.closure.map((info, index) => (index === 2 ? { ...info, path: gone } : info)),
    };
    expect(() => assembleBindFarm(broken, target)).toThrow(/ENOENT/);
    expect(mountsBelow(target)).toEqual([]);
    expect(readdirSync(target)).toEqual([]);
  });

  it("works for an ordinary user in namespaces of its own", async () => {
    const planFile = dir.join("plan.json");
    writeFileSync(planFile, JSON.stringify(fixture.stage().plan("store")));
    await runCommand(["chmod", "-R", "a+rX", dir.path, fixture.stage().viewsDir.replace(/\/views$/, "")]);
    const child = join(import.meta.dirname, "bind-farm-child.ts");
    const asUser = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"];
    const inside = ["unshare", "--user", "--map-root-user", "--mount", "--", process.execPath, child, planFile, target];
    const { stdout } = await runCommand([...asUser, ...inside]);
    expect(JSON.parse(stdout)).toEqual({
      names: readdirSyncOfStore(),
      options: [["nodev", "nosuid", "ro"]],
      write: "EROFS",
      writeBelow: "EROFS",
    });
    expect(mountsBelow(target)).toEqual([]);
  });
});

function program() {
  return fixture.stage().closure.program;
}

function readdirSyncOfStore(): string[] {
  const names = fixture
    .stage()
    .plan("store")
    .closure.map((info) => storePathBaseName(info.path));
  return [".roots", ...names].sort();
}
