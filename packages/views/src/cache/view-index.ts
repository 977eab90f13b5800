import type { ViewKey, ViewStrategyName } from "@niphas/core";
import type { CachedView, ViewSpec } from "../ports.ts";
import type { ViewRecord } from "./view-record.ts";

interface Entry {
  readonly record: ViewRecord;
  readonly specId: string;
  lastUsedAtMs: number;
}

/** Finished views in memory, found by key or by what they were asked for. */
export class ViewIndex {
  readonly #byKey = new Map<ViewKey, Entry>();
  readonly #bySpec = new Map<string, Entry>();

  add(record: ViewRecord, lastUsedAtMs: number): void {
    this.delete(record.key);
    const entry = { record, specId: specId(record.strategy, record, record.rootIds), lastUsedAtMs };
    this.#byKey.set(record.key, entry);
    this.#bySpec.set(entry.specId, entry);
  }

  delete(key: ViewKey): void {
    const entry = this.#byKey.get(key);
    if (entry === undefined) return;
    this.#byKey.delete(key);
    if (this.#bySpec.get(entry.specId) === entry) this.#bySpec.delete(entry.specId);
  }

  get(key: ViewKey): ViewRecord | undefined {
    return this.#byKey.get(key)?.record;
  }

  find(id: string): ViewRecord | undefined {
    return this.#bySpec.get(id)?.record;
  }

  noteUse(key: ViewKey, atMs: number): boolean {
    const entry = this.#byKey.get(key);
    if (entry !== undefined) entry.lastUsedAtMs = atMs;
    return entry !== undefined;
  }

  lastUsedAtMs(key: ViewKey): number {
    return this.#byKey.get(key)?.lastUsedAtMs ?? 0;
  }

  list(): readonly CachedView[] {
    return [...this.#byKey.values()].map(({ record, lastUsedAtMs }) => {
      const { key, strategy, roots, rootIds } = record;
      return { key, strategy, roots, rootIds, lastUsedAtMs };
    });
  }
}

/**
 * Names what is asked for, with the roots' database ids: the same ids mean the
 * same closure, so nothing that grows with the closure needs to be looked at. Roots are sorted.
 */
export function specId(
  strategy: ViewStrategyName,
  spec: Pick<ViewSpec, "layout" | "roots" | "links">,
  rootIds: readonly number[],
): string {
  const links = spec.links.map((link) => [link.name, link.target]).sort(([a = ""], [b = ""]) => (a < b ? -1 : 1));
  return JSON.stringify([strategy, spec.layout, spec.roots, rootIds, links]);
}
