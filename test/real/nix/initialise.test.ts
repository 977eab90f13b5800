import { readdirSync, writeFileSync } from "node:fs";
import { initialiseStore, NixRunner, openStoreDatabase, storeLayout } from "@niphas/nix";
import { describe, expect, it } from "vitest";
import { failureOf, never, nodeStore } from "./node-store.ts";

describe("a store that Nix has made", () => {
  it("is empty and may be initialised again", async () => {
    await using node = await nodeStore();
    expect(node.database.newestId()).toBe(0);
    await initialiseStore(node.nix, never);
    expect(readdirSync(storeLayout(node.settings.store).storeDir).filter((name) => name !== ".links")).toEqual([]);
  });
});

describe("a store that cannot be made", () => {
  it("is unavailable, by its directory's name", async () => {
    await using node = await nodeStore();
    const rootDir = node.directory.join("a-file/store");
    writeFileSync(node.directory.join("a-file"), "");
    const nix = new NixRunner({ ...node.settings, store: { rootDir } });
    const failure = await failureOf(initialiseStore(nix, never));
    expect(failure.code).toBe("StoreUnavailable");
    expect(failure.message).toContain(rootDir);
    expect((await failureOf((async () => openStoreDatabase({ rootDir }))())).code).toBe("StoreUnavailable");
  });
});
