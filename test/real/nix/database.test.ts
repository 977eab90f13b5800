import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, truncateSync, writeFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { parseStorePath, STORE_DIR } from "@niphas/core";
import { openStoreDatabase, storeLayout } from "@niphas/nix";
import { file, TestStore, temporaryDirectory } from "@niphas/testing";
import { describe, expect, it } from "vitest";
import { failureOf, never, nodeStore } from "./node-store.ts";
import { nixProcesses } from "./processes-of-store.ts";

const UNKNOWN = parseStorePath(`${STORE_DIR}/${"4".repeat(32)}-unknown`);

async function testStore() {
  const directory = temporaryDirectory("nix-db");
  const store = await TestStore.create(directory.join("store"));
  const layout = storeLayout(store.location);
  return { directory, store, layout, [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose]() };
}

/** What opening the database fails with. */
function openFailure(rootDir: string) {
  return failureOf((async () => openStoreDatabase({ rootDir }, { busyTimeoutMs: 100 }).close())());
}

describe("the database of a real store", () => {
  it("says of every path what nix-store says", async () => {
    await using test = await testStore();
    const closure = await test.store.addClosure({ name: "app", pathCount: 20, fileCount: 20 });
    using database = disposable(openStoreDatabase(test.store.location));
    const infos = database.closure([closure.root]);
    expect(infos.map((info) => info.path)).toEqual([...closure.paths].sort());
    expect(await database.readClosure([closure.root], new AbortController().signal)).toEqual(infos);
    for (const info of infos) {
      const query = async (...args: readonly string[]) =>
        (await test.store.nixStore(["--query", ...args, info.path])).stdout.trim().split("\n");
      expect([...info.references]).toEqual((await query("--references")).filter((line) => line !== "").sort());
      expect(await query("--hash")).toEqual([info.narHash]);
      expect(await query("--size")).toEqual([String(info.narSizeBytes)]);
      expect(info.signatures[0]).toContain("niphas-test-1:");
      expect(database.pathInfo(info.path)).toEqual(info);
    }
    expect(database.closureSize([closure.root])).toEqual({
      pathCount: 20,
      narSizeBytes: infos.reduce((sum, info) => sum + info.narSizeBytes, 0),
    });
  });

  it("knows self-references and content addresses", async () => {
    await using test = await testStore();
    mkdirSync(test.directory.join("source"));
    writeFileSync(test.directory.join("source/file"), "content");
    const path = await test.store.addContentAddressed(test.directory.join("source"));
    using database = disposable(openStoreDatabase(test.store.location));
    expect(database.pathInfo(path)?.contentAddress).toMatch(/^fixed:r:sha256:/);
    expect(database.pathInfo(path)?.signatures).toEqual([]);
  });

  it("sees what other processes register and collect, and never uses an id twice", async () => {
    await using test = await testStore();
    using database = disposable(openStoreDatabase(test.store.location));
    expect(database.newestId()).toBe(0);
    const first = await test.store.addTree(file("one"), "one");
    const firstId = database.newestId();
    expect(database.validId(first)).toBe(firstId);
    await test.store.collectGarbage();
    expect(database.validId(first)).toBeUndefined();
    const again = await test.store.addTree(file("one"), "one");
    expect(again).toBe(first);
    expect(database.validId(again)).toBeGreaterThan(firstId);
    expect(database.registeredAfter(firstId)).toEqual([
      {
        id: database.newestId(),
        path: again,
        signatures: database.pathInfo(again)?.signatures,
        contentAddress: undefined,
      },
    ]);
  });

  it("refuses the closure of a path that is not valid, whatever is on disk", async () => {
    await using test = await testStore();
    writeFileSync(test.store.physicalPath(UNKNOWN), "left by an interrupted import");
    using database = disposable(openStoreDatabase(test.store.location));
    expect(database.validId(UNKNOWN)).toBeUndefined();
    expect(database.pathInfo(UNKNOWN)).toBeUndefined();
    expect((await failureOf((async () => database.closure([UNKNOWN]))())).code).toBe("PathNotFound");
    expect((await failureOf((async () => database.closureSize([UNKNOWN]))())).code).toBe("PathNotFound");
  });

  it("keeps wal and shm in place while Nix opens and closes it, for readers without write access", async () => {
    await using test = await testStore();
    const path = await test.store.addTree(file("one"), "one");
    using _database = disposable(openStoreDatabase(test.store.location));
    await test.store.nixStore(["--gc", "--print-roots"]);
    expect(existsSync(`${test.layout.databaseFile}-wal`)).toBe(true);
    expect(existsSync(`${test.layout.databaseFile}-shm`)).toBe(true);
    chmodSync(test.directory.path, 0o755);
    const script = `
      const { DatabaseSync } = require("node:sqlite");
      process.setgid(65534); process.setuid(65534);
      const database = new DatabaseSync(process.argv[1], { readOnly: true });
      process.stdout.write(database.prepare("SELECT path FROM ValidPaths").get().path);`;
    const seen = execFileSync(process.execPath, ["--no-warnings", "-e", script, test.layout.databaseFile]);
    expect(seen.toString()).toBe(path);
  });
});

describe("a database that cannot be used", () => {
  it("is unavailable where there is no store, and is not made by looking", async () => {
    await using directory = temporaryDirectory("nix-db");
    const failure = await openFailure(directory.path);
    expect(failure.code).toBe("StoreUnavailable");
    expect(failure.message).toContain("no Nix store here yet");
    expect(existsSync(storeLayout({ rootDir: directory.path }).databaseFile)).toBe(false);
  });

  it("is unavailable before Nix has written the schema", async () => {
    await using test = await testStore();
    truncateSync(test.layout.databaseFile);
    const failure = await openFailure(test.store.location.rootDir);
    expect(failure.code).toBe("StoreUnavailable");
    expect(failure.message).toContain("no schema yet");
  });

  it("is unavailable when its schema is another", async () => {
    await using test = await testStore();
    writeFileSync(test.layout.schemaFile, "11");
    expect((await openFailure(test.store.location.rootDir)).message).toContain("another schema");
  });

  it("is unavailable when its first page is overwritten, with advice", async () => {
    await using test = await testStore();
    await test.store.addTree(file("one"), "one");
    writeFileSync(test.layout.databaseFile, Buffer.alloc(4096, 0x5a), { flag: "r+" });
    const failure = await openFailure(test.store.location.rootDir);
    expect(failure.code).toBe("StoreUnavailable");
    expect(failure.message).toContain("corrupt");
    expect(failure.message).toContain("move the store directory away");
  });

  it("is unavailable in time while another process has it for itself, and comes back", async () => {
    await using test = await testStore();
    const path = await test.store.addTree(file("one"), "one");
    using database = disposable(openStoreDatabase(test.store.location, { busyTimeoutMs: 100 }));
    database.close();
    const holder = new DatabaseSync(test.layout.databaseFile);
    holder.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE");
    const failure = await openFailure(test.store.location.rootDir);
    expect(failure.code).toBe("StoreUnavailable");
    expect(failure.message).toContain("locked");
    holder.close();
    using reopened = disposable(openStoreDatabase(test.store.location));
    expect(reopened.validId(path)).toBeDefined();
  });

  it("answers while another process writes", async () => {
    await using test = await testStore();
    const path = await test.store.addTree(file("one"), "one");
    using database = disposable(openStoreDatabase(test.store.location, { busyTimeoutMs: 0 }));
    const writer = new DatabaseSync(test.layout.databaseFile);
    writer.exec("BEGIN EXCLUSIVE");
    expect(database.validId(path)).toBeDefined();
    writer.close();
  });
});

describe("a realisation while the database is locked", () => {
  it("ends with its caller and leaves no process", async () => {
    await using node = await nodeStore();
    const closure = await node.source.addClosure({ name: "app", pathCount: 1, fileCount: 1 });
    await node.publish(closure.root);
    const writer = new DatabaseSync(storeLayout(node.settings.store).databaseFile);
    writer.exec("BEGIN EXCLUSIVE");
    const failure = await failureOf(node.realiser.realise([closure.root], { signal: AbortSignal.timeout(1_500) }));
    expect(failure.code).toBe("Cancelled");
    expect(nixProcesses(node.settings.store.rootDir)).toEqual([]);
    writer.close();
    await node.realiser.realise([closure.root], { signal: never });
    expect(node.database.validId(closure.root)).toBeDefined();
  });
});

function disposable<T extends { close(): void }>(database: T): T & Disposable {
  return Object.assign(database, { [Symbol.dispose]: () => database.close() });
}
