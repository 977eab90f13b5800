import { NiphasError, parseStorePath } from "@niphas/core";
import type { RegisteredPath } from "@niphas/nix";
import { ManualClock } from "@niphas/service";
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { PathHash } from "../../ports.ts";
import { pathHashOf } from "../hashes/path-digest.ts";
import { testPath, testPaths } from "../twins/test-paths.ts";
import { StoreOwnPaths } from "./store-own-paths.ts";

const never = new AbortController().signal;

/** The table of valid paths: ids are never used twice. */
class Database {
  rows: RegisteredPath[] = [];
  isLocked: boolean = false;
  rowsRead = 0;
  #lastId = 0;

  add(...paths: readonly PathHash[]): void {
    for (const path of paths) this.addRow(path, { signatures: ["key:signature"] });
  }

  addRow(path: PathHash, { signatures = [], contentAddress }: Partial<RegisteredPath>): void {
    const row = { id: ++this.#lastId, path: parseStorePath(`/nix/store/${path}-p`) };
    this.rows.push({ ...row, signatures, contentAddress });
  }

  sign(path: PathHash): void {
    const signed = parseStorePath(`/nix/store/${path}-p`);
    this.rows = this.rows.map((row) => (row.path === signed ? { ...row, signatures: ["key:late"] } : row));
  }

  remove(...paths: readonly PathHash[]): void {
    const gone = new Set(paths.map((path) => `/nix/store/${path}-p`));
    this.rows = this.rows.filter(({ path }) => !gone.has(path));
  }

  newestId(): number {
    if (this.isLocked) throw new NiphasError("StoreUnavailable", "locked");
    return this.rows.at(-1)?.id ?? 0;
  }

  registeredAfter(id: number, limit: number = Number.POSITIVE_INFINITY): readonly RegisteredPath[] {
    const rows = this.rows.filter((row) => row.id > id).slice(0, limit);
    this.rowsRead += rows.length;
    return rows;
  }
}

let database: Database;
let clock: ManualClock;
let collectorRuns: number;
let changes: string[];

beforeEach(() => {
  database = new Database();
  clock = new ManualClock();
  collectorRuns = 0;
  changes = [];
});

async function open(): Promise<StoreOwnPaths> {
  const paths = await StoreOwnPaths.open(
    { database, clock, random: () => 0.5, collectorRuns: () => collectorRuns },
    never,
  );
  paths.onChange(({ added, removed }) => {
    changes.push(
      ...added.map((digest) => `+${pathHashOf(digest)}`),
      ...removed.map((digest) => `-${pathHashOf(digest)}`),
    );
  });
  return paths;
}

function held(paths: StoreOwnPaths): Set<PathHash> {
  return new Set([...paths.digests()].map(pathHashOf));
}

describe("the paths of a store", () => {
  it("are read at the start, and new ones are found within a second", async () => {
    database.add(...testPaths(2000));
    using paths = await open();
    expect(held(paths)).toEqual(new Set(testPaths(2000)));
    database.add(testPath(5000));
    await clock.advance(1000);
    expect(changes).toEqual([`+${testPath(5000)}`]);
  });

  it("are gone soon after a collector has run", async () => {
    database.add(...testPaths(2000));
    using paths = await open();
    database.remove(testPath(3), testPath(1500));
    collectorRuns++;
    await clock.advance(2000);
    expect(changes).toEqual([`-${testPath(3)}`, `-${testPath(1500)}`]);
    expect(held(paths).size).toBe(1998);
  });

  it("are gone soon when serving one has failed, or the newest has gone", async () => {
    database.add(...testPaths(10));
    using paths = await open();
    database.remove(testPath(3));
    paths.suspect();
    await clock.advance(100);
    expect(changes).toEqual([`-${testPath(3)}`]);
    database.remove(testPath(9));
    await clock.advance(1100);
    expect(changes.at(-1)).toBe(`-${testPath(9)}`);
  });

  it("are gone after a while without any sign", async () => {
    database.add(...testPaths(1000));
    using _paths = await open();
    database.remove(testPath(700));
    await clock.advance(20_000);
    expect(changes).toEqual([`-${testPath(700)}`]);
  });

  it("stay when a path was collected and fetched again", async () => {
    database.add(...testPaths(10));
    using paths = await open();
    database.remove(testPath(3));
    database.add(testPath(3));
    collectorRuns++;
    await clock.advance(3000);
    expect(changes).toEqual([]);
    expect(held(paths)).toEqual(new Set(testPaths(10)));
  });

  it("cost the same whatever the size of the store when nothing happens", async () => {
    database.add(...testPaths(5000));
    using _paths = await open();
    database.rowsRead = 0;
    await clock.advance(60_000);
    expect(database.rowsRead).toBeLessThanOrEqual(6 * 512);
  });

  it("are compared by 512 at a time, and what stays is moved once for all that go, however many that are", async () => {
    const all = testPaths(5000);
    database.add(...all);
    using paths = await open();
    const goneCounts: number[] = [];
    paths.onChange(({ removed }) => goneCounts.push(removed.length));
    database.remove(...all.slice(0, 4000));
    collectorRuns++;
    const moves = vi.spyOn(Object.getPrototypeOf(Uint8Array.prototype), "copyWithin");
    await clock.advance(3000);
    const tableMoves = moves.mock.contexts.filter((moved) => moved instanceof Uint8Array).length;
    moves.mockRestore();
    expect(held(paths)).toEqual(new Set(all.slice(4000)));
    expect(Math.max(...goneCounts)).toBeLessThanOrEqual(512);
    expect(tableMoves).toBeLessThanOrEqual(goneCounts.length);
  });

  it("are looked at again after the database was locked", async () => {
    using _paths = await open();
    database.isLocked = true;
    database.add(testPath(1));
    await clock.advance(1000);
    database.isLocked = false;
    await clock.advance(1000);
    expect(changes).toEqual([`+${testPath(1)}`]);
  });

  it("leave no timer behind", async () => {
    const paths = await open();
    paths[Symbol.dispose]();
    expect(clock.timerCount).toBe(0);
  });
});

describe("of the paths of a store", () => {
  const NAR_HASH = `sha256:${"0".repeat(52)}`;

  it("those that nobody has signed are passed over, but for those that are named by the hash of their NAR", async () => {
    database.addRow(testPath(1), {});
    database.addRow(testPath(2), { signatures: ["key:signature"] });
    database.addRow(testPath(3), { contentAddress: `fixed:r:${NAR_HASH}` });
    database.addRow(testPath(4), { contentAddress: `text:${NAR_HASH}` });
    using paths = await open();
    expect(held(paths)).toEqual(new Set([testPath(2), testPath(3)]));
    expect(paths.count).toBe(2);
    database.addRow(testPath(5), {});
    database.add(testPath(6));
    await clock.advance(1000);
    expect(changes).toEqual([`+${testPath(6)}`]);
  });

  it("those that are signed later are found when all rows have been looked at, and then the others stay", async () => {
    for (const path of testPaths(1000)) database.addRow(path, {});
    using paths = await open();
    database.sign(testPath(7));
    database.sign(testPath(900));
    await clock.advance(30_000);
    expect(changes).toEqual([`+${testPath(7)}`, `+${testPath(900)}`]);
    database.remove(testPath(7));
    collectorRuns++;
    await clock.advance(3000);
    expect(held(paths)).toEqual(new Set([testPath(900)]));
  });

  it("thousands that nobody has signed are read once, not with each new one", async () => {
    for (const path of testPaths(5000)) database.addRow(path, {});
    using _paths = await open();
    database.rowsRead = 0;
    database.add(testPath(9000));
    await clock.advance(5000);
    expect(changes).toEqual([`+${testPath(9000)}`]);
    expect(database.rowsRead).toBe(1);
  });
});
