import { NiphasError, parseStorePath } from "@niphas/core";
import { ManualClock } from "@niphas/service";
import { beforeEach, describe, expect, it } from "vitest";
import type { PathHash } from "../../ports.ts";
import { pathHashOf } from "../hashes/path-digest.ts";
import { testPath, testPaths } from "../twins/test-paths.ts";
import type { RegisteredRow } from "./registered-rows.ts";
import { StoreOwnPaths } from "./store-own-paths.ts";

const never = new AbortController().signal;

/** The table of valid paths: ids are never used twice. */
class Database {
  rows: RegisteredRow[] = [];
  isLocked: boolean = false;
  rowsRead = 0;
  #lastId = 0;

  add(...paths: readonly PathHash[]): void {
    for (const path of paths) this.rows.push({ id: ++this.#lastId, path: parseStorePath(`/nix/store/${path}-p`) });
  }

  remove(...paths: readonly PathHash[]): void {
    const gone = new Set(paths.map((path) => `/nix/store/${path}-p`));
    this.rows = this.rows.filter(({ path }) => !gone.has(path));
  }

  newestId(): number {
    if (this.isLocked) throw new NiphasError("StoreUnavailable", "locked");
    return this.rows.at(-1)?.id ?? 0;
  }

  registeredAfter(id: number, limit: number = Number.POSITIVE_INFINITY): readonly RegisteredRow[] {
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
