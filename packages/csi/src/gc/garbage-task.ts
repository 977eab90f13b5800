import { isVolumeId, NiphasError, type ViewKey } from "@niphas/core";
import type { GarbageCollector, GcRoots, StoreDatabase, UnusedClosure } from "@niphas/nix";
import type { Clock } from "@niphas/service";
import type { CachedView, ViewCache } from "@niphas/views";
import type { Logger } from "pino";
import type { RecordStore } from "../volumes/record-store.ts";

export interface GarbageTaskComponents {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly collector: Pick<GarbageCollector, "collect">;
  readonly views: ViewCache;
  readonly database: StoreDatabase;
  readonly gcRoots: GcRoots;
  readonly records: RecordStore;
  readonly observer: { collected(freedBytes: number): void };
}

/** A view that was used this lately may be about to be mounted by a publish that has not written its record yet. */
const MIN_UNUSED_MS = 60_000;

/** Frees disk space: the least recently used views that no volume shows, with their closures. */
export class GarbageTask {
  readonly #components: GarbageTaskComponents;

  constructor(components: GarbageTaskComponents) {
    this.#components = components;
  }

  /** @throws what the collector throws */
  async run(signal: AbortSignal): Promise<void> {
    const { collector, observer, logger } = this.#components;
    const report = await collector.collect({ unused: this.#unusedClosures(), signal });
    observer.collected(report.freedBytes);
    await this.#removeDeadViews();
    if (!report.ran) return;
    const { freedBytes, targetsMet, droppedClosures, failures } = report;
    const fields = { freedBytes, targetsMet, droppedClosures, failures: failures.length };
    if (targetsMet) logger.info(fields, "garbage was collected");
    else logger.warn(fields, "garbage was collected, but what is in use leaves less free space than wanted");
  }

  /** Views of equal roots are one closure: it is as young as the youngest of them. */
  #unusedClosures(): readonly UnusedClosure[] {
    const groups = new Map<string, CachedView[]>();
    for (const view of this.#unusedViews()) {
      const key = view.roots.join(" ");
      groups.set(key, [...(groups.get(key) ?? []), view]);
    }
    return [...groups.values()].map((views) => ({
      roots: views[0]?.roots ?? [],
      lastUsedAtMs: Math.max(...views.map((view) => view.lastUsedAtMs)),
      drop: async () => this.#drop(views),
    }));
  }

  #unusedViews(): readonly CachedView[] {
    const inUse = this.#viewsInUse();
    const nowMs = this.#components.clock.date().getTime();
    return this.#components.views.list().filter((view) => !inUse.has(view.key) && isLongAgo(view.lastUsedAtMs, nowMs));
  }

  async #drop(views: readonly CachedView[]): Promise<void> {
    for (const { key } of views) {
      if (await this.#remove(key)) continue;
      throw new NiphasError("VolumeBusy", "a view of the closure is in use again");
    }
  }

  /** Views whose paths are gone or were fetched anew are never used again. */
  async #removeDeadViews(): Promise<void> {
    const { database } = this.#components;
    for (const view of this.#unusedViews()) {
      const isDead = view.roots.some((root, index) => database.validId(root) !== view.rootIds[index]);
      if (isDead) await this.#remove(view.key);
    }
  }

  async #remove(key: ViewKey): Promise<boolean> {
    return this.#components.views.remove(key, (each) => this.#viewsInUse().has(each));
  }

  #viewsInUse(): ReadonlySet<ViewKey> {
    const { gcRoots, records } = this.#components;
    const keys = new Set<ViewKey>();
    for (const owner of gcRoots.owners()) {
      const stored = isVolumeId(owner) ? records.read(owner) : undefined;
      if (stored?.state === "ok") keys.add(stored.record.viewKey);
    }
    return keys;
  }
}

/** A use in the future is one before the clock was set back. */
function isLongAgo(usedAtMs: number, nowMs: number): boolean {
  const ageMs = nowMs - usedAtMs;
  return ageMs < 0 || ageMs >= MIN_UNUSED_MS;
}
