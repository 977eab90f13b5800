import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { StorePath } from "@niphas/core";
import { type ClosureOptions, type TestClosure, TestStore } from "@niphas/testing";

export const COMPRESSIONS = ["none", "zstd", "xz"] as const;
export type Compression = (typeof COMPRESSIONS)[number];

/** A closure in binary caches of different compression, made when they are first asked for. */
export class ClosureCaches {
  readonly closure: TestClosure;
  /** The store that they were filled from; holds every closure. */
  readonly storeDir: string;
  /** What a node must trust: `name:base64`. */
  readonly publicKey: string;
  readonly #store: TestStore;
  readonly #directory: string;
  readonly #roots: StorePath[] = [];
  readonly #caches = new Map<Compression, Promise<string>>();

  private constructor(directory: string, store: TestStore, closure: TestClosure) {
    this.#directory = directory;
    this.#store = store;
    this.closure = closure;
    this.publicKey = store.publicKey;
    this.storeDir = store.location.rootDir;
    this.#roots.push(closure.root);
  }

  /** @param directory the caller's; gets a store and the caches */
  static async create(directory: string, shape: ClosureOptions): Promise<ClosureCaches> {
    const store = await TestStore.create(join(directory, "store"));
    return new ClosureCaches(directory, store, await store.addClosure(shape));
  }

  /** Adds another closure; before a cache is asked for. */
  async add(shape: ClosureOptions): Promise<TestClosure> {
    if (this.#caches.size > 0) throw new Error("caches have been filled already");
    const closure = await this.#store.addClosure(shape);
    this.#roots.push(closure.root);
    return closure;
  }

  /** The directory of a cache that holds all closures. */
  cacheDir(compression: Compression): Promise<string> {
    const cache = this.#caches.get(compression) ?? this.#fill(compression);
    this.#caches.set(compression, cache);
    return cache;
  }

  /** What the NARs of all closures are on the wire: the sum of `FileSize`. */
  async fileBytes(compression: Compression): Promise<number> {
    return closureFileBytes(await this.cacheDir(compression));
  }

  async #fill(compression: Compression): Promise<string> {
    const cacheDir = join(this.#directory, `cache-${compression}`);
    await this.#store.copyToCache(cacheDir, this.#roots, { compression });
    return cacheDir;
  }
}

function closureFileBytes(cacheDir: string): number {
  const narInfos = readdirSync(cacheDir).filter((name) => name.endsWith(".narinfo"));
  const sizes = narInfos.map((name) => /^FileSize: (\d+)$/m.exec(readFileSync(join(cacheDir, name), "utf8"))?.[1]);
  return sizes.reduce((sum, size) => sum + Number(size), 0);
}
