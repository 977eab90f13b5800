import {
  parseStorePath,
  parseViewKey,
  type StorePath,
  type ViewKey,
  type ViewLayout,
  type ViewLink,
  type ViewStrategyName,
} from "@niphas/core";

/** What `view.json` beside a finished view says; its presence is what makes a view finished. */
export interface ViewRecord {
  readonly key: ViewKey;
  readonly strategy: ViewStrategyName;
  readonly layout: ViewLayout;
  /** Sorted. */
  readonly roots: readonly StorePath[];
  /** Database ids of the roots when the view was built, in their order. */
  readonly rootIds: readonly number[];
  readonly links: readonly ViewLink[];
  readonly pathCount: number;
  /** Sum of the closure's NAR sizes. */
  readonly sizeBytes: number;
}

/** Of the file's format. Views of another version are built anew. */
export const VIEW_RECORD_VERSION = 2;

export function formatViewRecord(record: ViewRecord): string {
  return `${JSON.stringify({ version: VIEW_RECORD_VERSION, ...record })}\n`;
}

/** Undefined for anything that {@link formatViewRecord} of this version has not written. */
export function parseViewRecord(text: string): ViewRecord | undefined {
  try {
    return readRecord(JSON.parse(text));
  } catch {
    // Not JSON, or a store path that is none: the view is built anew.
    return undefined;
  }
}

function readRecord(value: unknown): ViewRecord | undefined {
  if (!isObject(value) || value["version"] !== VIEW_RECORD_VERSION) return undefined;
  const key = typeof value["key"] === "string" ? parseViewKey(value["key"]) : undefined;
  const { strategy, layout, roots, rootIds, links, pathCount, sizeBytes } = value;
  if (key === undefined || !isStrategy(strategy) || !isLayout(layout)) return undefined;
  if (!isListOf(roots, isString) || !isListOf(rootIds, isCount) || roots.length !== rootIds.length) return undefined;
  if (!isListOf(links, isLink) || !isCount(pathCount) || !isCount(sizeBytes)) return undefined;
  return { key, strategy, layout, roots: roots.map(parseStorePath), rootIds, links, pathCount, sizeBytes };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function isListOf<T>(value: unknown, isItem: (item: unknown) => item is T): value is T[] {
  return Array.isArray(value) && value.every(isItem);
}

function isString(value: unknown): value is string {
  return typeof value === "string";
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function isLink(value: unknown): value is ViewLink {
  return isObject(value) && isString(value["name"]) && isString(value["target"]);
}

function isStrategy(value: unknown): value is ViewStrategyName {
  return value === "composefs" || value === "tree";
}

function isLayout(value: unknown): value is ViewLayout {
  return value === "store" || value === "nix";
}
