import { spawn } from "node:child_process";
import type { StorePath } from "@niphas/core";
import { createLocalStore, type LocalStore } from "@niphas/mesh";
import { openStoreDatabase } from "@niphas/nix";
import { nixEnvironment, TestStore, temporaryDirectory } from "@niphas/testing";

export const { signal: never }: { readonly signal: AbortSignal } = new AbortController();

/** A store of real Nix and what the mesh makes of it. */
export async function meshScene() {
  const stack = new AsyncDisposableStack();
  const directory = stack.use(temporaryDirectory("mesh-store"));
  const nix = await TestStore.create(directory.join("store"));
  const database = openStoreDatabase(nix.location);
  stack.defer(() => database.close());
  const store = stack.use(createLocalStore({ database }, { store: nix.location }));
  return { directory, nix, database, store, [Symbol.asyncDispose]: async () => stack.disposeAsync() };
}

/** What `nix-store --dump` writes. */
export async function dumpOf(nix: TestStore, path: StorePath): Promise<Buffer> {
  const child = spawn("nix-store", ["--dump", nix.physicalPath(path)], {
    env: nixEnvironment(nix.location.rootDir),
    stdio: ["ignore", "pipe", "inherit"],
  });
  const chunks: Buffer[] = [];
  for await (const chunk of child.stdout) chunks.push(chunk);
  return Buffer.concat(chunks);
}

export async function narOf(store: LocalStore, path: StorePath, start: number, end: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of store.nar(path, { start, end }, never)) chunks.push(chunk);
  return Buffer.concat(chunks);
}
