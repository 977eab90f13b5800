import type { ServerResponse } from "node:http";
import type { ApiPath } from "./api-path.ts";
import { isSelected, type ObjectStore, type StoreChange } from "./object-store.ts";

interface Watch {
  readonly path: ApiPath;
  readonly response: ServerResponse;
}

/** The watches that are open on a store. */
export class WatchServer {
  readonly #store: ObjectStore;
  readonly #watches = new Set<Watch>();

  constructor(components: { readonly store: ObjectStore }) {
    this.#store = components.store;
    this.#store.subscribe((change) => {
      for (const watch of this.#watches) sendChange(watch, change);
    });
  }

  get count(): number {
    return this.#watches.size;
  }

  /** Begins a watch after the version in the query; a forgotten one is answered as the API server does. */
  open(path: ApiPath, response: ServerResponse): void {
    response.writeHead(200, { "content-type": "application/json" });
    response.flushHeaders();
    const missed = this.#store.since(Number(path.query.get("resourceVersion") ?? 0));
    if (missed === undefined) {
      sendLine(response, "ERROR", {
        kind: "Status",
        code: 410,
        reason: "Expired",
        message: "too old resource version",
      });
      response.end();
      return;
    }
    const watch = { path, response };
    for (const change of missed) sendChange(watch, change);
    this.#watches.add(watch);
    response.once("close", () => this.#watches.delete(watch));
  }

  sendBookmarks(): void {
    const metadata = { resourceVersion: String(this.#store.version) };
    for (const { response } of this.#watches) sendLine(response, "BOOKMARK", { metadata });
  }

  /** Ends all, as the API server does after their time; or breaks them. */
  end(how: "ended" | "broken" = "ended"): void {
    for (const { response } of this.#watches) {
      if (how === "ended") response.end();
      else response.destroy();
    }
  }
}

/** As the API server tells it: what no longer fits the selection is deleted, what fits from now on is added. */
function sendChange({ path, response }: Watch, { resource, type, object, previous }: StoreChange): void {
  if (resource !== path.resource) return;
  if (path.namespace !== undefined && path.namespace !== object.metadata.namespace) return;
  const wasSelected = previous !== undefined && isSelected(previous, path.query);
  if (type !== "DELETED" && isSelected(object, path.query))
    sendLine(response, wasSelected ? "MODIFIED" : "ADDED", object);
  else if (wasSelected) sendLine(response, "DELETED", object);
}

function sendLine(response: ServerResponse, type: string, object: unknown): void {
  response.write(`${JSON.stringify({ type, object })}\n`);
}
