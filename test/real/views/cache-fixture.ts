import { mkdirSync } from "node:fs";
import type { StorePath } from "@niphas/core";
import { openStoreDatabase, type StoreDatabase, storeLayout } from "@niphas/nix";
import { type TemporaryDirectory, TestStore, temporaryDirectory } from "@niphas/testing";
import {
  ComposefsStrategy,
  DirectoryViewCache,
  LinuxMounter,
  type ProbeResult,
  TreeStrategy,
  type ViewCacheComponents,
  type ViewCacheInit,
  type ViewSpec,
  type ViewStrategy,
} from "@niphas/views";

export type StrategyName = "composefs" | "tree";

/** A store of real Nix with two closures, and caches over one views directory. */
export class CacheFixture implements AsyncDisposable {
  readonly mounter = new LinuxMounter();
  readonly database: StoreDatabase;
  readonly physicalStoreDir: string;
  readonly roots: readonly StorePath[];
  /** Names of the strategies whose `build` has run, in order. */
  readonly builds: string[] = [];
  /** Called when a `build` begins. */
  onBuild: (() => void) | undefined;
  readonly backgroundErrors: unknown[] = [];
  readonly #directory: TemporaryDirectory;
  readonly #caches: DirectoryViewCache[] = [];
  readonly #probes = new Map<string, Promise<ProbeResult>>();
  #viewsDirCount = 0;

  private constructor(directory: TemporaryDirectory, store: TestStore, roots: readonly StorePath[]) {
    this.#directory = directory;
    this.database = openStoreDatabase(store.location);
    this.physicalStoreDir = storeLayout(store.location).storeDir;
    this.roots = roots;
  }

  static async create(): Promise<CacheFixture> {
    const directory = temporaryDirectory("view-cache");
    const store = await TestStore.create(directory.join("store"));
    const closures = [];
    for (const name of ["first", "second"]) {
      closures.push(await store.addClosure({ name, pathCount: 6, fileCount: 60 }));
    }
    return new CacheFixture(
      directory,
      store,
      closures.map((closure) => closure.root),
    );
  }

  newViewsDir(): string {
    return this.#directory.join(`views-${this.#viewsDirCount++}`);
  }

  /** An empty directory outside of every views directory. */
  newTarget(): string {
    const path = this.#directory.join(`target-${this.#viewsDirCount++}`);
    mkdirSync(path);
    return path;
  }

  spec(change: Partial<ViewSpec> = {}): ViewSpec {
    return { roots: this.roots.slice(0, 1), layout: "store", links: [], view: "auto", ...change };
  }

  strategies(viewsDir: string): readonly ViewStrategy[] {
    const { mounter, physicalStoreDir } = this;
    const all = [new ComposefsStrategy({ mounter }, { viewsDir }), new TreeStrategy({ physicalStoreDir, viewsDir })];
    return all.map((strategy) => this.#counting(strategy));
  }

  /** A cache that has been started. */
  async start(
    viewsDir: string,
    init: Partial<ViewCacheInit> = {},
    components: Partial<ViewCacheComponents> = {},
  ): Promise<DirectoryViewCache> {
    const { database, mounter, physicalStoreDir } = this;
    const onBackgroundError = (error: unknown): void => {
      this.backgroundErrors.push(error);
    };
    const cache = new DirectoryViewCache(
      { database, mounter, strategies: this.strategies(viewsDir), ...components },
      { viewsDir, physicalStoreDir, onBackgroundError, ...init },
    );
    this.#caches.push(cache);
    await cache.start(AbortSignal.timeout(240_000));
    return cache;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const cache of this.#caches) await cache.stop();
    this.database.close();
    await this.#directory[Symbol.asyncDispose]();
  }

  /** Counts builds, but not the probe's own; probes once, because it is the conformance suite that tests probes. */
  #counting(strategy: ViewStrategy): ViewStrategy {
    return {
      name: strategy.name,
      probe: (signal) => {
        const probe = this.#probes.get(strategy.name) ?? strategy.probe(signal);
        this.#probes.set(strategy.name, probe);
        return probe;
      },
      build: async (plan, viewDir, signal) => {
        this.builds.push(strategy.name);
        this.onBuild?.();
        await strategy.build(plan, viewDir, signal);
      },
      activate: (viewDir, storeDir, signal) => strategy.activate(viewDir, storeDir, signal),
      deactivate: (viewDir) => strategy.deactivate(viewDir),
    };
  }
}
