import { createHash } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { ViewKey, ViewStrategyName } from "@niphas/core";
import type { CachedView, View, ViewCache, ViewSpec } from "@niphas/views";

/** Views that are empty directories. A build waits while {@link hold} is set. */
export class MemoryViews implements ViewCache {
  readonly probes = new Map();
  readonly touched: ViewKey[] = [];
  readonly #views = new Map<ViewKey, CachedView>();
  readonly #dir: string;
  /** Of the views that are built from now on. */
  strategy: ViewStrategyName = "tree";
  buildError: Error | undefined;
  hold: Promise<void> | undefined;
  builds = 0;
  nowMs: () => number = () => 0;

  constructor(init: { readonly viewsDir: string }) {
    this.#dir = init.viewsDir;
  }

  async start(): Promise<void> {
    await Promise.resolve();
  }

  async acquire(spec: ViewSpec): Promise<View> {
    const ready = this.peek(spec);
    if (ready !== undefined) return ready;
    this.builds++;
    await this.hold;
    if (this.buildError !== undefined) throw this.buildError;
    const key = keyOf(spec);
    mkdirSync(this.rootDirOf(key), { recursive: true });
    const rootIds = spec.roots.map(() => 1);
    this.#views.set(key, { key, strategy: this.strategy, roots: spec.roots, rootIds, lastUsedAtMs: this.nowMs() });
    return { key, strategy: this.strategy, rootDir: this.rootDirOf(key), isNew: true };
  }

  peek(spec: ViewSpec): View | undefined {
    const view = this.#views.get(keyOf(spec));
    if (view === undefined) return undefined;
    return { key: view.key, strategy: view.strategy, rootDir: this.rootDirOf(view.key), isNew: false };
  }

  rootDirOf(key: ViewKey): string {
    return join(this.#dir, key, "root");
  }

  list(): readonly CachedView[] {
    return [...this.#views.values()];
  }

  touch(key: ViewKey): void {
    this.touched.push(key);
  }

  async remove(key: ViewKey, isInUse: (key: ViewKey) => boolean): Promise<boolean> {
    await Promise.resolve();
    return !isInUse(key) && this.#views.delete(key);
  }

  async stop(): Promise<void> {
    await Promise.resolve();
  }
}

function keyOf(spec: ViewSpec): ViewKey {
  const { roots, layout, links, view } = spec;
  return createHash("sha256")
    .update(JSON.stringify([roots, layout, links, view]))
    .digest("hex") as ViewKey;
}
