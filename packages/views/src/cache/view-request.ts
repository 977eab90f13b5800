import type { StorePath } from "@niphas/core";
import type { StoreDatabase } from "@niphas/nix";
import type { ViewSpec, ViewStrategy } from "../ports.ts";
import { specId } from "./view-index.ts";

/** A spec with all that its view depends on worked out, in constant time. */
export interface ViewRequest {
  /** Equal requests have equal ids. */
  readonly id: string;
  /** Roots are sorted, each once. */
  readonly spec: Pick<ViewSpec, "layout" | "roots" | "links">;
  /** The roots' database ids, in their order. */
  readonly rootIds: readonly number[];
  readonly strategy: ViewStrategy;
}

/** Undefined when a root is not valid. */
export function viewRequest(
  database: Pick<StoreDatabase, "validId">,
  spec: ViewSpec,
  strategy: ViewStrategy,
): ViewRequest | undefined {
  const roots = [...new Set(spec.roots)].sort();
  const rootIds = rootIdsOf(database, roots);
  if (rootIds === undefined) return undefined;
  const own = { layout: spec.layout, roots, links: spec.links };
  return { id: specId(strategy.name, own, rootIds), spec: own, rootIds, strategy };
}

/** In the order of the roots; undefined when one is not valid. */
export function rootIdsOf(
  database: Pick<StoreDatabase, "validId">,
  roots: readonly StorePath[],
): readonly number[] | undefined {
  const ids = roots.map((root) => database.validId(root)).filter((id) => id !== undefined);
  return ids.length === roots.length ? ids : undefined;
}
