import { NiphasError, type ViewKey, type ViewStrategyName } from "@niphas/core";
import type { StoreDatabase } from "@niphas/nix";
import type { CachedView, Mounter, ProbeResult, View, ViewCache, ViewSpec, ViewStrategy } from "../ports.ts";
import { throwIfCancelled } from "../workers/worker-group.ts";
import { LastUse } from "./last-use.ts";
import { Leftovers } from "./leftovers.ts";
import { SharedWork } from "./shared-work.ts";
import { StrategyChoice } from "./strategy-choice.ts";
import { ViewDirectory } from "./view-directory.ts";
import { ViewIndex } from "./view-index.ts";
import { ViewMaker } from "./view-maker.ts";
import { type ViewRequest, viewRequest } from "./view-request.ts";

export interface ViewCacheComponents {
  readonly database: Pick<StoreDatabase, "validId" | "readClosure">;
  readonly mounter: Mounter;
  /** In the order of preference. */
  readonly strategies: readonly ViewStrategy[];
}

export interface ViewCacheInit {
  readonly viewsDir: string;
  /** The real directory of the store paths; on the file system of `viewsDir`. */
  readonly physicalStoreDir: string;
  /** What `auto` means instead of the best that the probes allow. */
  readonly forcedStrategy?: ViewStrategyName | undefined;
  /** Views that are built at once; others wait. @default 2 */
  readonly maxConcurrentBuilds?: number;
  /** Told about failures in work that nobody waits for, such as deleting a removed view. */
  readonly onBackgroundError?: (error: unknown) => void;
}

const DEFAULT_MAX_CONCURRENT_BUILDS = 2;

/** {@link ViewCache} in a directory: `<viewsDir>/<key>/{view.json,root,…}`. */
export class DirectoryViewCache implements ViewCache {
  readonly #components: ViewCacheComponents;
  readonly #directory: ViewDirectory;
  readonly #choice: StrategyChoice;
  readonly #leftovers: Leftovers;
  readonly #maker: ViewMaker;
  readonly #lastUse: LastUse;
  readonly #index = new ViewIndex();
  readonly #work = new SharedWork<View>();

  constructor(components: ViewCacheComponents, init: ViewCacheInit) {
    const { database, mounter, strategies } = components;
    const report = init.onBackgroundError ?? (() => undefined);
    const directory = new ViewDirectory(init.viewsDir);
    const choice = new StrategyChoice(strategies, init.forcedStrategy);
    const leftovers = new Leftovers({ directory, mounter }, { report });
    const maxConcurrentBuilds = init.maxConcurrentBuilds ?? DEFAULT_MAX_CONCURRENT_BUILDS;
    this.#maker = new ViewMaker(
      { database, mounter, choice, directory, index: this.#index, leftovers },
      { physicalStoreDir: init.physicalStoreDir, maxConcurrentBuilds },
    );
    this.#components = components;
    this.#directory = directory;
    this.#choice = choice;
    this.#leftovers = leftovers;
    this.#lastUse = new LastUse((key, atMs) => this.#writeLastUse(key, atMs), report);
  }

  get probes(): ReadonlyMap<ViewStrategyName, ProbeResult> {
    return this.#choice.probes;
  }

  async start(signal: AbortSignal): Promise<void> {
    this.#directory.open();
    for (const { key, record, lastUsedAtMs } of this.#directory.views()) {
      if (record === undefined) this.#directory.retire(key);
      else this.#index.add(record, lastUsedAtMs);
    }
    this.#leftovers.eraseAll();
    await this.#choice.probe(signal);
  }

  async acquire(spec: ViewSpec, signal: AbortSignal): Promise<View> {
    throwIfCancelled(signal);
    const request = viewRequest(this.#components.database, spec, this.#choice.for(spec.view));
    if (request === undefined) {
      throw new NiphasError("PathNotFound", "a root of the view is not valid in the node's store");
    }
    const view =
      this.#ready(request) ??
      (await this.#work.join(request.id, (shared) => this.#maker.obtain(request, shared), signal));
    this.touch(view.key);
    return view;
  }

  peek(spec: ViewSpec): View | undefined {
    const strategy = this.#choice.find(spec.view);
    if (strategy === undefined) return undefined;
    const request = viewRequest(this.#components.database, spec, strategy);
    return request === undefined ? undefined : this.#ready(request);
  }

  list(): readonly CachedView[] {
    return this.#index.list();
  }

  touch(key: ViewKey): void {
    const now = Date.now();
    if (this.#index.noteUse(key, now)) this.#lastUse.note(key, now);
  }

  async remove(key: ViewKey, isInUse: (key: ViewKey) => boolean): Promise<boolean> {
    return await this.#maker.remove(key, isInUse);
  }

  /** Views stay visible: they are found again at the next start. */
  async stop(): Promise<void> {
    await this.#work.stop();
    await this.#leftovers.idle();
    this.#lastUse.flush();
  }

  /** A view that has been removed in the meantime is not missed. */
  #writeLastUse(key: ViewKey, atMs: number): void {
    if (this.#index.get(key) !== undefined) this.#directory.noteUse(key, atMs);
  }

  #ready(request: ViewRequest): View | undefined {
    const record = this.#index.find(request.id);
    if (record === undefined || !this.#isVisible(record)) return undefined;
    const { key, strategy } = record;
    return { key, strategy, rootDir: this.#directory.rootDir(key), isNew: false };
  }

  /** One system call: somebody may have unmounted or deleted the view since. */
  #isVisible(record: Pick<CachedView, "key" | "strategy">): boolean {
    if (record.strategy === "tree") return this.#directory.isWhole(record);
    return this.#components.mounter.isMountPoint(this.#directory.rootDir(record.key));
  }
}
