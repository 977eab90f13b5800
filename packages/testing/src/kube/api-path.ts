/** A request's URL as the API server takes it apart. */
export interface ApiPath {
  /** `v1/pods`, `apps/v1/daemonsets`. */
  readonly resource: string;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly query: URLSearchParams;
}

/** Undefined for what is no resource's URL. https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-uris */
export function parseApiPath(text: string): ApiPath | undefined {
  const url = new URL(text, "http://fake");
  const parts = url.pathname.split("/").filter((part) => part !== "");
  const root = parts.shift();
  if (root !== "api" && root !== "apis") return undefined;
  const group = parts.splice(0, root === "api" ? 1 : 2).join("/");
  const namespace = parts[0] === "namespaces" && parts.length > 2 ? parts.splice(0, 2)[1] : undefined;
  const [plural, name] = parts;
  if (plural === undefined) return undefined;
  return { resource: `${group}/${plural}`, namespace, name, query: url.searchParams };
}
