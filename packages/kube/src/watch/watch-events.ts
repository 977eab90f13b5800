import { NiphasError } from "@niphas/core";
import { apiError, parseStatus } from "../client/api-error.ts";
import { parseJson } from "../client/parse-object.ts";
import { readLines } from "../http/body.ts";
import type { KubeObject } from "../objects/kube-object.ts";
import type { Resource } from "../objects/resource.ts";
import type { WatchEvent } from "../ports.ts";

const OBJECT_EVENTS = { ADDED: "added", MODIFIED: "modified", DELETED: "deleted" } as const;

/**
 * The events in the body of a watch, one JSON object for each line.
 * https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
 * @throws NiphasError what an ERROR event says, ApiExpired for one; ApiUnavailable for what is no event
 */
export async function* watchEvents<T extends KubeObject>(
  resource: Resource<T>,
  body: AsyncIterable<Buffer>,
): AsyncGenerator<WatchEvent<T>, void, undefined> {
  for await (const line of readLines(body)) {
    if (line !== "") yield parseEvent(resource, line);
  }
}

function parseEvent<T extends KubeObject>(resource: Resource<T>, line: string): WatchEvent<T> {
  const { type, object } = readEnvelope(line);
  if (type === "ERROR") throw errorOf(resource, object);
  const bookmarked = type === "BOOKMARK" ? versionOf(object) : "";
  if (bookmarked !== "") return { type: "bookmark", resourceVersion: bookmarked };
  if (!isObjectEvent(type) || !resource.is(object)) throw unreadable(resource);
  return { type: OBJECT_EVENTS[type], object };
}

/** What is no event has the type "". */
function readEnvelope(line: string): { readonly type: string; readonly object: unknown } {
  const value = parseJson(line);
  if (typeof value !== "object" || value === null || !("type" in value)) return { type: "", object: undefined };
  return { type: String(value.type), object: "object" in value ? value.object : undefined };
}

function isObjectEvent(type: string): type is keyof typeof OBJECT_EVENTS {
  return Object.hasOwn(OBJECT_EVENTS, type);
}

/** A bookmark's object has nothing but its version; empty, which would mean any version, when it has not even that. */
function versionOf(object: unknown): string {
  if (typeof object !== "object" || object === null || !("metadata" in object)) return "";
  const { metadata } = object;
  if (typeof metadata !== "object" || metadata === null || !("resourceVersion" in metadata)) return "";
  return String(metadata.resourceVersion);
}

function errorOf(resource: Resource<KubeObject>, object: unknown): NiphasError {
  const status = parseStatus(JSON.stringify(object ?? {}));
  return apiError(status.code ?? 500, status, { method: "GET", path: `${resource.plural} (watch)` });
}

function unreadable({ plural }: Resource<KubeObject>): NiphasError {
  return new NiphasError("ApiUnavailable", `the watch of ${plural} gave something that is no event`);
}
