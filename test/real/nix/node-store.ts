import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { parseTrustedKey, type StorePath } from "@niphas/core";
import {
  createGcRoots,
  createRealiser,
  initialiseStore,
  NixRunner,
  type NixSettings,
  openStoreDatabase,
} from "@niphas/nix";
import { BinaryCacheServer, TestStore, temporaryDirectory } from "@niphas/testing";

export const { signal: never }: { readonly signal: AbortSignal } = new AbortController();

/** What a test changes in the settings of the node's store. */
export type SettingsOverride = Partial<
  Pick<NixSettings, "substituters" | "trustedKeys" | "realiseTimeoutMs" | "stalledDownloadTimeoutSeconds">
>;

/** A file system of its own for the node's store; needs a private mount namespace. */
export interface SmallFileSystem {
  readonly sizeBytes: number;
  readonly inodeCount: number;
}

/** A source store, a binary cache over HTTP that is filled from it, and an empty store that fetches. */
export async function nodeStore(override: SettingsOverride = {}, fileSystem?: SmallFileSystem) {
  const stack = new AsyncDisposableStack();
  const directory = stack.use(temporaryDirectory("nix"));
  const source = await TestStore.create(directory.join("source"));
  const cacheDir = directory.join("cache");
  await source.copyToCache(cacheDir, []);
  const cache = stack.use(await BinaryCacheServer.start(cacheDir));
  const settings: NixSettings = {
    store: { rootDir: directory.join("node") },
    substituters: [cache.url],
    trustedKeys: [parseTrustedKey(source.publicKey)],
    netrcFile: undefined,
    cacheDir: directory.join("nix-cache"),
    maxJobs: 4,
    connectTimeoutSeconds: 30,
    stalledDownloadTimeoutSeconds: 30,
    realiseTimeoutMs: 120_000,
    ...override,
  };
  if (fileSystem !== undefined) mountFileSystem(settings.store.rootDir, fileSystem);
  const nix = new NixRunner(settings);
  await initialiseStore(nix, never);
  const database = openStoreDatabase(settings.store);
  stack.defer(() => database.close());
  const realiser = createRealiser({ nix, database });
  stack.defer(() => realiser.stop());
  return {
    directory,
    source,
    cache,
    cacheDir,
    settings,
    nix,
    database,
    realiser,
    roots: createGcRoots(settings.store),
    /** Puts the closure of `root` into the binary cache. */
    publish: (root: StorePath, compression: "none" | "xz" = "none") =>
      source.copyToCache(cacheDir, [root], { compression }),
    /** Rewrites a path's narinfo in the cache. */
    editNarInfo: (path: StorePath, edit: (text: string) => string): void => {
      const file = `${cacheDir}/${path.slice(11, 43)}.narinfo`;
      writeFileSync(file, edit(readFileSync(file, "utf8")));
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

function mountFileSystem(dir: string, { sizeBytes, inodeCount }: SmallFileSystem): void {
  mkdirSync(dir);
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${sizeBytes},nr_inodes=${inodeCount}`, "niphas-test", dir]);
}

/** The `code` and message of the error that `work` ends with. */
export async function failureOf(work: Promise<unknown>): Promise<{ readonly code: string; readonly message: string }> {
  try {
    await work;
  } catch (error) {
    if (error instanceof Error) return { code: "code" in error ? String(error.code) : "", message: error.message };
    throw error;
  }
  throw new Error("it succeeded");
}
