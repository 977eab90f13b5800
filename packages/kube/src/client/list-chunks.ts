import { isNiphasError, NiphasError } from "@niphas/core";
import type { KubeObject } from "../objects/kube-object.ts";
import type { Resource } from "../objects/resource.ts";
import type { ListOptions, ObjectList } from "../ports.ts";
import { parseJson } from "./parse-object.ts";

/** Objects for each request: small enough to keep the API server's memory low, as kubectl has it. */
const CHUNK_SIZE = 500;
const MAX_ATTEMPTS = 3;

export interface ChunkQuery {
  readonly limit: number | undefined;
  readonly continue: string | undefined;
}

interface Page {
  readonly resourceVersion: string;
  readonly continue: string | undefined;
}

/**
 * Fetches page after page of one version of the list. When that version expires before the last page, it begins again;
 * the last attempt takes all in one page.
 * @param fetchPage gives the text of a page
 */
export async function listChunks<T extends KubeObject>(
  resource: Resource<T>,
  trim: ListOptions<T>["trim"],
  fetchPage: (query: ChunkQuery) => Promise<string>,
): Promise<ObjectList<T>> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await listOnce(resource, trim, fetchPage, attempt < MAX_ATTEMPTS ? CHUNK_SIZE : undefined);
    } catch (error) {
      if (!isNiphasError(error) || error.code !== "ApiExpired" || attempt >= MAX_ATTEMPTS) throw error;
    }
  }
}

async function listOnce<T extends KubeObject>(
  resource: Resource<T>,
  trim: ListOptions<T>["trim"],
  fetchPage: (query: ChunkQuery) => Promise<string>,
  limit: number | undefined,
): Promise<ObjectList<T>> {
  const items: T[] = [];
  let page: Page = { resourceVersion: "", continue: undefined };
  do {
    const value = parseJson(await fetchPage({ limit, continue: page.continue }));
    for (const object of itemsOf(value, resource)) {
      const kept = trim === undefined ? object : trim(object);
      if (kept !== undefined) items.push(kept);
    }
    page = pageOf(value);
  } while (page.continue !== undefined);
  return { items, resourceVersion: page.resourceVersion };
}

function itemsOf<T extends KubeObject>(value: unknown, resource: Resource<T>): readonly T[] {
  if (typeof value !== "object" || value === null || !("items" in value)) throw notAList(resource);
  // An empty list of old API servers.
  const items: unknown = value.items ?? [];
  if (!Array.isArray(items) || !items.every(resource.is)) throw notAList(resource);
  return items;
}

function pageOf(value: unknown): Page {
  const metadata = typeof value === "object" && value !== null && "metadata" in value ? value.metadata : undefined;
  if (typeof metadata !== "object" || metadata === null) return { resourceVersion: "", continue: undefined };
  const resourceVersion = "resourceVersion" in metadata ? String(metadata.resourceVersion) : "";
  const next = "continue" in metadata && typeof metadata.continue === "string" ? metadata.continue : "";
  return { resourceVersion, continue: next === "" ? undefined : next };
}

function notAList({ plural }: Resource<KubeObject>): NiphasError {
  return new NiphasError("ApiUnavailable", `the API server's answer is not a list of ${plural}`);
}
