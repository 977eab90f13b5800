import { mkdirSync, writeFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { parseStorePath, parseTrustedKey, STORE_DIR, type StorePath } from "@niphas/core";
import { createTrustChecker, openStoreDatabase, storeLayout } from "@niphas/nix";
import { directory, file, signingKey, TestStore, temporaryDirectory } from "@niphas/testing";
import { describe, expect, it } from "vitest";
import { failureOf, never } from "./node-store.ts";

const STRICT = { allowContentAddressedRoots: false, signal: never };
const LENIENT = { allowContentAddressedRoots: true, signal: never };

async function trustedStore(keyName = "niphas-test-1") {
  const stack = new AsyncDisposableStack();
  const scratch = stack.use(temporaryDirectory("nix-trust"));
  const store = await TestStore.create(scratch.join("store"));
  const database = openStoreDatabase(store.location);
  stack.defer(() => database.close());
  const trustedKeys = [parseTrustedKey(signingKey(keyName).publicKey)];
  const trust = createTrustChecker({ database }, { trustedKeys });
  const addContentAddressed = (): Promise<StorePath> => {
    mkdirSync(scratch.join("source"));
    writeFileSync(scratch.join("source/file"), "content");
    return store.addContentAddressed(scratch.join("source"));
  };
  const edit = (sql: string): void => {
    const connection = new DatabaseSync(storeLayout(store.location).databaseFile);
    connection.exec(sql);
    connection.close();
  };
  return { store, trust, addContentAddressed, edit, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

describe("a closure with signatures made by Nix", () => {
  it("is trusted when every path is signed by a trusted key", async () => {
    await using test = await trustedStore();
    const closure = await test.store.addClosure({ name: "app", pathCount: 30, fileCount: 30 });
    await test.trust.assertTrusted([closure.root], STRICT);
    await test.trust.assertTrusted([closure.root], STRICT);
  });

  it("is not trusted by another key", async () => {
    await using test = await trustedStore("other-1");
    const closure = await test.store.addClosure({ name: "app", pathCount: 2, fileCount: 2 });
    const failure = await failureOf(test.trust.assertTrusted([closure.root], STRICT));
    expect(failure.code).toBe("UntrustedPath");
    expect(failure.message).toContain("other-1");
  });

  it("is not trusted by another key of the same name", async () => {
    await using test = await trustedStore();
    const other = signingKey("other-1").publicKey.replace(/^[^:]*/, "niphas-test-1");
    const database = openStoreDatabase(test.store.location);
    const trust = createTrustChecker({ database }, { trustedKeys: [parseTrustedKey(other)] });
    const closure = await test.store.addClosure({ name: "app", pathCount: 1, fileCount: 1 });
    expect((await failureOf(trust.assertTrusted([closure.root], STRICT))).code).toBe("UntrustedPath");
    database.close();
  });

  it.each([
    ["hash", `hash = 'sha256:${"0".repeat(64)}'`],
    ["size", "narSize = narSize + 1"],
  ])("is not trusted when the database has another %s", async (_name, change) => {
    await using test = await trustedStore();
    const closure = await test.store.addClosure({ name: "app", pathCount: 3, fileCount: 3 });
    test.edit(`UPDATE ValidPaths SET ${change} WHERE path = '${closure.paths[2]}'`);
    const failure = await failureOf(test.trust.assertTrusted([closure.root], STRICT));
    expect(failure.code).toBe("UntrustedPath");
    expect(failure.message).toContain(closure.paths[2]);
  });

  it("is not trusted when a reference was added", async () => {
    await using test = await trustedStore();
    const closure = await test.store.addClosure({ name: "app", pathCount: 1, fileCount: 1 });
    const extra = await test.store.addTree(file("extra"), "extra");
    test.edit(
      `INSERT INTO Refs SELECT a.id, b.id FROM ValidPaths a, ValidPaths b WHERE a.path = '${closure.root}' AND b.path = '${extra}'`,
    );
    expect((await failureOf(test.trust.assertTrusted([closure.root], STRICT))).code).toBe("UntrustedPath");
  });
});

describe("a closure with unsigned paths", () => {
  it("names the path that lacks a signature, and becomes trusted once it is signed", async () => {
    await using test = await trustedStore();
    const dependency = await test.store.addTree(file("one"), "dependency", { signed: false });
    const root = await test.store.addTree(directory({}), "app", { references: [dependency] });
    const failure = await failureOf(test.trust.assertTrusted([root], STRICT));
    expect(failure.code).toBe("UntrustedPath");
    expect(failure.message).toContain(`${dependency} has no signature`);
    await test.store.sign([dependency]);
    await test.trust.assertTrusted([root], STRICT);
  });

  it("is trusted where the unsigned path is content-addressed and a signed path refers to it", async () => {
    await using test = await trustedStore();
    const dependency = await test.addContentAddressed();
    const root = await test.store.addTree(directory({}), "app", { references: [dependency] });
    await test.trust.assertTrusted([root], STRICT);
  });

  it("is trusted with a content-addressed root only when that is allowed", async () => {
    await using test = await trustedStore();
    const root = await test.addContentAddressed();
    await test.trust.assertTrusted([root], LENIENT);
    expect((await failureOf(test.trust.assertTrusted([root], STRICT))).code).toBe("UntrustedPath");
  });

  it("is not found when a root is not valid", async () => {
    await using test = await trustedStore();
    const unknown = parseStorePath(`${STORE_DIR}/${"4".repeat(32)}-unknown`);
    expect((await failureOf(test.trust.assertTrusted([unknown], STRICT))).code).toBe("PathNotFound");
  });
});
