import type { KubeObject } from "./kube-object.ts";

/** A kind of object as the API server addresses it, and what it looks like here. */
export interface Resource<T extends KubeObject> {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly isNamespaced: boolean;
  /** Whether a value from the API server is an object of this kind. */
  readonly is: (value: unknown) => value is T;
}

/**
 * @param address such as `storage.k8s.io/v1/csinodes`, or `v1/nodes` for the core group
 */
export function resource<T extends KubeObject>(
  address: string,
  init: Pick<Resource<T>, "kind" | "isNamespaced">,
): Resource<T> {
  const [plural = "", version = "", group = ""] = address.split("/").reverse();
  return { group, version, plural, ...init, is: isObject<T> };
}

/** `v1` or `apps/v1`, as objects carry it. */
export function apiVersionOf({ group, version }: Pick<Resource<KubeObject>, "group" | "version">): string {
  return group === "" ? version : `${group}/${version}`;
}

/** The API server vouches for the rest: it has checked the object against its schema, and TLS says that it is it. */
function isObject<T extends KubeObject>(value: unknown): value is T {
  if (typeof value !== "object" || value === null || !("metadata" in value)) return false;
  const { metadata } = value;
  return typeof metadata === "object" && metadata !== null && "name" in metadata && typeof metadata.name === "string";
}
