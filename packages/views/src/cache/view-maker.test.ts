import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isNiphasError, parseStorePath } from "@niphas/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { MemoryMounter } from "../linux/memory-mounter.ts";
import type { ViewStrategy } from "../ports.ts";
import { Leftovers } from "./leftovers.ts";
import { StrategyChoice } from "./strategy-choice.ts";
import { ViewDirectory } from "./view-directory.ts";
import { ViewIndex } from "./view-index.ts";
import { ViewMaker } from "./view-maker.ts";
import type { ViewRecord } from "./view-record.ts";
import { viewRequest } from "./view-request.ts";

const ROOT = parseStorePath(`/nix/store/${"a".repeat(32)}-hello`);
const live = new AbortController().signal;
let viewsDir: string;

beforeEach(() => {
  viewsDir = mkdtempSync(join(tmpdir(), "niphas-maker-"));
});

afterEach(() => {
  rmSync(viewsDir, { recursive: true });
});

/** The disk fills up between the rename and the sync of the directory above. */
class FullOnce extends ViewDirectory {
  #isFull = true;

  override async commit(temporaryDir: string, record: ViewRecord): Promise<void> {
    await super.commit(temporaryDir, record);
    if (!this.#isFull) return;
    this.#isFull = false;
    throw Object.assign(new Error("ENOSPC: no space left on device, fsync"), { code: "ENOSPC" });
  }
}

const strategy: ViewStrategy = {
  name: "tree",
  probe: async () => ({ ok: true }),
  build: async (_plan, viewDir) => {
    mkdirSync(join(viewDir, "root"));
    writeFileSync(join(viewDir, "root", "file"), "");
    utimesSync(join(viewDir, "root"), 1, 1);
  },
  activate: async () => undefined,
  deactivate: async () => undefined,
};

function makerOver(directory: ViewDirectory) {
  const errors: unknown[] = [];
  const database = { validId: () => 1, readClosure: async () => Promise.resolve([]) };
  const mounter = new MemoryMounter();
  const leftovers = new Leftovers({ directory, mounter }, { report: (error) => void errors.push(error) });
  const choice = new StrategyChoice([strategy], undefined);
  const components = { database, mounter, choice, directory, index: new ViewIndex(), leftovers };
  const maker = new ViewMaker(components, { physicalStoreDir: "/store", maxConcurrentBuilds: 2 });
  const request = viewRequest(database, { roots: [ROOT], layout: "store", links: [], view: "tree" }, strategy);
  if (request === undefined) throw new Error("the root is valid");
  return { maker, request, leftovers, errors };
}

describe("ViewMaker after a commit that failed at its last step", () => {
  it("says that the disk is full, and builds the view the next time", async () => {
    const directory = new FullOnce(viewsDir);
    directory.open();
    const { maker, request, leftovers, errors } = makerOver(directory);
    const failure: unknown = await maker.obtain(request, live).catch((error: unknown) => error);
    expect(isNiphasError(failure) && failure.code).toBe("DiskFull");
    const view = await maker.obtain(request, live);
    expect(view).toMatchObject({ isNew: true, rootDir: directory.rootDir(view.key) });
    await leftovers.idle();
    expect(readdirSync(viewsDir)).toEqual([view.key]);
    expect(errors).toEqual([]);
  });
});

describe("ViewMaker with a finished tree", () => {
  const damages: readonly (readonly [string, (rootDir: string) => void])[] = [
    ["was taken out of", (rootDir) => rmSync(join(rootDir, "file"))],
    ["was put into", (rootDir) => writeFileSync(join(rootDir, "other"), "")],
  ];

  it("gives it again while it is whole", async () => {
    const directory = new ViewDirectory(viewsDir);
    const { maker, request } = makerOver(directory);
    await maker.obtain(request, live);
    expect(await maker.obtain(request, live)).toMatchObject({ isNew: false });
  });

  it.each(damages)("builds it anew when something %s its root", async (_, damage) => {
    const directory = new ViewDirectory(viewsDir);
    const { maker, request, leftovers } = makerOver(directory);
    const { key } = await maker.obtain(request, live);
    damage(directory.rootDir(key));
    expect(await maker.obtain(request, live)).toMatchObject({ key, isNew: true });
    expect(readdirSync(directory.rootDir(key))).toEqual(["file"]);
    await leftovers.idle();
    expect(readdirSync(viewsDir)).toEqual([key]);
  });
});
