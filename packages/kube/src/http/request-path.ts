import { NiphasError } from "@niphas/core";
import type { KubeObject } from "../objects/kube-object.ts";
import type { Resource } from "../objects/resource.ts";

type Query = Readonly<Record<string, string | number | boolean | undefined>>;

/**
 * The path of a resource, or of one object, with its query.
 * https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-uris
 */
export function requestPath<T extends KubeObject>(
  resource: Resource<T>,
  place: { readonly namespace?: string | undefined; readonly name?: string },
  query: Query = {},
): string {
  const { group, version, plural, isNamespaced } = resource;
  const root = group === "" ? ["api", version] : ["apis", group, version];
  const namespace = isNamespaced && place.namespace !== undefined ? ["namespaces", place.namespace] : [];
  const name = place.name === undefined ? [] : [place.name];
  const path = [...root, ...namespace, plural, ...name].map((part) => `/${encodePart(part)}`).join("");
  const parameters = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value !== undefined) parameters.set(key, String(value));
  }
  return parameters.size === 0 ? path : `${path}?${parameters}`;
}

/** @throws NiphasError ApiRefused for `.` and `..`, which no encoding makes harmless */
function encodePart(part: string): string {
  if (/^\.{1,2}$/.test(part)) throw new NiphasError("ApiRefused", "an object cannot be named with dots alone");
  return encodeURIComponent(part);
}
