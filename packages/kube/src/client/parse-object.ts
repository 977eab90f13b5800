import { NiphasError } from "@niphas/core";
import type { KubeObject } from "../objects/kube-object.ts";
import type { Resource } from "../objects/resource.ts";

/** @throws NiphasError ApiUnavailable when something else than the API server has answered */
export function parseObject<T extends KubeObject>(resource: Resource<T>, text: string): T {
  const value = parseJson(text);
  if (resource.is(value)) return value;
  throw new NiphasError("ApiUnavailable", `the API server's answer is not a ${resource.kind}: is a proxy in between?`);
}

/** Undefined for what is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
