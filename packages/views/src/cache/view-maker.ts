import { NiphasError, type ViewKey, viewKey } from "@niphas/core";
import { Semaphore, type StoreDatabase } from "@niphas/nix";
import type { Mounter, View, ViewPlan } from "../ports.ts";
import { viewBuildError } from "../workers/build-error.ts";
import { throwIfCancelled } from "../workers/worker-group.ts";
import { KeyLocks } from "./key-locks.ts";
import type { Leftovers } from "./leftovers.ts";
import { mountsOfView } from "./mounts-of-view.ts";
import type { StrategyChoice } from "./strategy-choice.ts";
import type { ViewDirectory } from "./view-directory.ts";
import type { ViewIndex } from "./view-index.ts";
import type { ViewRecord } from "./view-record.ts";
import { rootIdsOf, type ViewRequest } from "./view-request.ts";

export interface ViewMakerComponents {
  readonly database: Pick<StoreDatabase, "validId" | "readClosure">;
  readonly mounter: Mounter;
  readonly choice: StrategyChoice;
  readonly directory: ViewDirectory;
  readonly index: ViewIndex;
  readonly leftovers: Leftovers;
}

export interface ViewMakerInit {
  readonly physicalStoreDir: string;
  readonly maxConcurrentBuilds: number;
}

/** The slow side of the cache: builds views, makes found ones visible again, takes them away. */
export class ViewMaker {
  readonly #components: ViewMakerComponents;
  readonly #physicalStoreDir: string;
  readonly #buildSlots: Semaphore;
  readonly #locks = new KeyLocks();

  constructor(components: ViewMakerComponents, init: ViewMakerInit) {
    this.#components = components;
    this.#physicalStoreDir = init.physicalStoreDir;
    this.#buildSlots = new Semaphore(init.maxConcurrentBuilds);
  }

  /** Takes time in proportion to the closure. @throws NiphasError as `ViewCache.acquire` */
  async obtain(request: ViewRequest, signal: AbortSignal): Promise<View> {
    const closure = await this.#components.database.readClosure(request.spec.roots, signal);
    const plan: ViewPlan = { ...request.spec, closure, physicalStoreDir: this.#physicalStoreDir };
    const key = viewKey({ ...request.spec, strategy: request.strategy.name, closure });
    return await this.#locks.run(key, async () => {
      throwIfCancelled(signal);
      return (await this.#reuse(key, request, signal)) ?? (await this.#build(key, plan, request, signal));
    });
  }

  /** Takes the view away unless it is in use. @returns whether it is gone */
  async remove(key: ViewKey, isInUse: (key: ViewKey) => boolean): Promise<boolean> {
    const { index, leftovers } = this.#components;
    const retired = await this.#locks.run(key, async () => {
      const record = index.get(key);
      if (record === undefined) return { isGone: true };
      if (isInUse(key) || this.#isMounted(key)) return { isGone: false };
      return { isGone: true, leftover: await this.#retire(record) };
    });
    if (retired.leftover !== undefined) await leftovers.erase(retired.leftover);
    return retired.isGone;
  }

  /**
   * Makes a finished view visible again, as after a reboot. A view that is damaged,
   * or was built from store paths that have been replaced since, is retired.
   */
  async #reuse(key: ViewKey, request: ViewRequest, signal: AbortSignal): Promise<View | undefined> {
    const record = this.#components.index.get(key);
    if (record === undefined) return undefined;
    const isCurrent = record.rootIds.join() === request.rootIds.join();
    const isUsable = this.#components.directory.isWhole(record) && (isCurrent || this.#isMounted(key));
    if (isUsable && (await this.#isActivated(key, request, signal))) {
      // What is mounted cannot be replaced; the key says that names and bytes are the same.
      if (!isCurrent) await this.#renew({ ...record, rootIds: request.rootIds });
      return this.#view(record, false);
    }
    void this.#components.leftovers.erase(await this.#retire(record));
    return undefined;
  }

  /** False when the view is damaged, so that building it anew may help. */
  async #isActivated(key: ViewKey, request: ViewRequest, signal: AbortSignal): Promise<boolean> {
    try {
      await this.#activate(key, request, signal);
      return true;
    } catch (error) {
      if (signal.aborted || this.#isMounted(key)) throw error;
      return false;
    }
  }

  async #activate(key: ViewKey, request: ViewRequest, signal: AbortSignal): Promise<void> {
    await request.strategy.activate(this.#components.directory.viewDir(key), this.#physicalStoreDir, signal);
  }

  async #renew(record: ViewRecord): Promise<void> {
    const { directory, index } = this.#components;
    await directory.update(record);
    index.add(record, index.lastUsedAtMs(record.key));
  }

  async #build(key: ViewKey, plan: ViewPlan, request: ViewRequest, signal: AbortSignal): Promise<View> {
    const record: ViewRecord = {
      ...request.spec,
      key,
      strategy: request.strategy.name,
      rootIds: request.rootIds,
      pathCount: plan.closure.length,
      sizeBytes: plan.closure.reduce((sum, info) => sum + info.narSizeBytes, 0),
    };
    await this.#buildSlots.run(signal, () => this.#buildFiles(record, plan, request, signal));
    this.#components.index.add(record, Date.now());
    await this.#activate(key, request, signal);
    return this.#view(record, true);
  }

  async #buildFiles(record: ViewRecord, plan: ViewPlan, request: ViewRequest, signal: AbortSignal): Promise<void> {
    const { database, directory, leftovers } = this.#components;
    throwIfCancelled(signal);
    const temporaryDir = await directory.makeTemporary();
    try {
      await request.strategy.build(plan, temporaryDir, signal);
      if (rootIdsOf(database, record.roots)?.join() !== record.rootIds.join()) {
        throw new NiphasError("PathNotFound", "a root was removed from the store while its view was being built");
      }
      // A commit that failed after the rename has left a view that nobody knows of.
      if (directory.has(record.key)) void leftovers.erase(directory.retire(record.key));
      await directory.commit(temporaryDir, record);
    } catch (error) {
      void leftovers.erase(temporaryDir);
      throw viewBuildError(error, { viewDir: directory.viewDir(record.key), physicalStoreDir: this.#physicalStoreDir });
    }
  }

  /** Takes the view out of memory at once, so that nobody gets it any more, and returns where its files now are. */
  async #retire(record: ViewRecord): Promise<string> {
    const { choice, directory, index } = this.#components;
    const lastUsedAtMs = index.lastUsedAtMs(record.key);
    index.delete(record.key);
    try {
      await choice.byName(record.strategy)?.deactivate(directory.viewDir(record.key));
      return directory.retire(record.key);
    } catch (error) {
      index.add(record, lastUsedAtMs);
      throw error;
    }
  }

  #isMounted(key: ViewKey): boolean {
    const { directory, mounter } = this.#components;
    return mountsOfView(mounter.list(), key, directory.rootDir(key)).length > 0;
  }

  #view(record: ViewRecord, isNew: boolean): View {
    const { key, strategy } = record;
    return { key, strategy, rootDir: this.#components.directory.rootDir(key), isNew };
  }
}
