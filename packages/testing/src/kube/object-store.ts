import { randomUUID } from "node:crypto";
import type { ApiPath } from "./api-path.ts";
import { isJsonObject, type JsonObject } from "./json-patch.ts";

export interface StoredMetadata extends JsonObject {
  name: string;
  namespace?: string;
  uid: string;
  resourceVersion: string;
}

export interface StoredObject extends JsonObject {
  metadata: StoredMetadata;
}

/** What a test puts in: metadata needs no more than a name. */
export interface ObjectToPut extends JsonObject {
  metadata: { name: string; namespace?: string } & JsonObject;
}

export interface StoreChange {
  readonly version: number;
  /** `v1/pods` */
  readonly resource: string;
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly object: StoredObject;
  /** As it was before. */
  readonly previous: StoredObject | undefined;
}

export type Place = Pick<ApiPath, "resource" | "namespace" | "name">;

/** Objects with one counter of versions and a history that can be forgotten, as etcd has them. */
export class ObjectStore {
  readonly #objects = new Map<string, StoredObject>();
  readonly #listeners = new Set<(change: StoreChange) => void>();
  #history: StoreChange[] = [];
  #version = 1;
  #oldestVersion = 1;

  get version(): number {
    return this.#version;
  }

  get(place: Place): StoredObject | undefined {
    return this.#objects.get(keyOf(place));
  }

  /** Those of a resource, in one namespace or all, by name. */
  list({ resource, namespace }: Pick<Place, "resource" | "namespace">): readonly StoredObject[] {
    const prefix = namespace === undefined ? `${resource} ` : `${resource} ${namespace}/`;
    return [...this.#objects].filter(([key]) => key.startsWith(prefix)).map(([, object]) => object);
  }

  /** Makes the object or replaces it. */
  put(resource: string, object: ObjectToPut): StoredObject {
    const { name, namespace } = object.metadata;
    const place = { resource, name, namespace };
    const previous = this.get(place);
    const version = ++this.#version;
    const uid = previous?.metadata.uid ?? randomUUID();
    const stored = { ...object, metadata: { uid, ...object.metadata, resourceVersion: String(version) } };
    this.#objects.set(keyOf(place), stored);
    this.#tell({ version, resource, type: previous === undefined ? "ADDED" : "MODIFIED", object: stored, previous });
    return stored;
  }

  /** @returns whether it was there */
  remove(place: Place): boolean {
    const object = this.get(place);
    if (object === undefined) return false;
    this.#objects.delete(keyOf(place));
    const version = ++this.#version;
    const last = { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } };
    this.#tell({ version, resource: place.resource, type: "DELETED", object: last, previous: object });
    return true;
  }

  /** Forgets the history: who asks for what came after an older version gets 410. */
  compact(): void {
    this.#history = [];
    this.#oldestVersion = this.#version;
  }

  /** What came after the version; undefined when that is forgotten. */
  since(version: number): readonly StoreChange[] | undefined {
    if (version < this.#oldestVersion) return undefined;
    return this.#history.filter((change) => change.version > version);
  }

  /** @returns what ends it */
  subscribe(listener: (change: StoreChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #tell(change: StoreChange): void {
    this.#history.push(change);
    for (const listener of this.#listeners) listener(change);
  }
}

/** Selectors of labels and fields with `=` and `,` only. */
export function isSelected(object: JsonObject, query: URLSearchParams): boolean {
  const metadata = isJsonObject(object["metadata"]) ? object["metadata"] : {};
  const labels = isJsonObject(metadata["labels"]) ? metadata["labels"] : {};
  return (
    pairs(query.get("labelSelector")).every(([key, value]) => labels[key] === value) &&
    pairs(query.get("fieldSelector")).every(([path, value]) => fieldOf(object, path) === value)
  );
}

function pairs(selector: string | null): readonly (readonly [string, string])[] {
  return (selector ?? "")
    .split(",")
    .filter((term) => term !== "")
    .map((term) => {
      const [key = "", value = ""] = term.split(/==?/);
      return [key, value] as const;
    });
}

function fieldOf(object: JsonObject, path: string): unknown {
  return path.split(".").reduce<unknown>((at, key) => (isJsonObject(at) ? at[key] : undefined), object);
}

function keyOf({ resource, namespace, name }: Place): string {
  return `${resource} ${namespace ?? ""}/${name ?? ""}`;
}
