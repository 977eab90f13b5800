import { writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type ApiFault, ApiFaults, sendJson, sendStatus } from "./api-fault.ts";
import { type ApiPath, parseApiPath } from "./api-path.ts";
import { isJsonObject, jsonPatch, mergePatch } from "./json-patch.ts";
import { isSelected, ObjectStore, type ObjectToPut, type StoredObject } from "./object-store.ts";
import { WatchServer } from "./watch-server.ts";

export interface LoggedRequest {
  readonly method: string;
  /** With its query. */
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

/**
 * A Kubernetes API server on 127.0.0.1 for any resource: get, chunked list, watch with bookmarks and 410, create, the
 * three kinds of patches (apply merges), delete. No schemas, no controllers: a test plays those with {@link store}.
 */
export class FakeApiServer implements AsyncDisposable {
  readonly store = new ObjectStore();
  readonly watches = new WatchServer(this);
  readonly requests: LoggedRequest[] = [];
  readonly #faults = new ApiFaults();
  readonly #server: Server;
  /** What is left of lists that are being read, by their continue tokens. */
  readonly #pages = new Map<string, readonly StoredObject[]>();

  private constructor() {
    this.#server = createServer((request, response) => {
      this.#serve(request, response).catch((error: unknown) => sendStatus(response, 500, String(error)));
    });
  }

  static async start(): Promise<FakeApiServer> {
    const fake = new FakeApiServer();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    fake.#server.once("error", reject).listen(0, "127.0.0.1", resolve);
    await promise;
    return fake;
  }

  get url(): string {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("the server does not listen");
    return `http://127.0.0.1:${address.port}`;
  }

  /** Writes a kubeconfig that leads here. @param token sent with each request */
  writeKubeconfig(file: string, token = "token"): void {
    const cluster = { server: this.url, "insecure-skip-tls-verify": true };
    const config = {
      apiVersion: "v1",
      kind: "Config",
      "current-context": "fake",
      clusters: [{ name: "fake", cluster }],
      users: [{ name: "fake", user: { token } }],
      contexts: [{ name: "fake", context: { cluster: "fake", user: "fake" } }],
    };
    // JSON is YAML.
    writeFileSync(file, JSON.stringify(config));
  }

  setFaults(...faults: readonly ApiFault[]): void {
    this.#faults.set(faults);
  }

  /** Forgets the history, and lists that are being read. */
  compact(): void {
    this.store.compact();
    this.#pages.clear();
  }

  /** Requests so far as `METHOD /path?query`. */
  get log(): readonly string[] {
    return this.requests.map(({ method, url }) => `${method} ${url}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    this.#server.closeAllConnections();
    await promise;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(request);
    const { method = "", url = "", headers } = request;
    this.requests.push({ method, url, headers, body });
    if (this.#faults.strike(request, response)) return;
    const path = parseApiPath(url);
    if (path === undefined) sendStatus(response, 404, "no such path");
    else if (method === "GET") this.#read(path, response);
    else this.#change(method, path, { body, contentType: headers["content-type"] ?? "" }, response);
  }

  #read(path: ApiPath, response: ServerResponse): void {
    if (path.query.has("watch")) this.watches.open(path, response);
    else if (path.name === undefined) this.#list(path, response);
    else {
      const object = this.store.get(path);
      if (object === undefined) sendStatus(response, 404, `${path.resource} "${path.name}" not found`);
      else sendJson(response, 200, object);
    }
  }

  #list(path: ApiPath, response: ServerResponse): void {
    const token = path.query.get("continue");
    const objects =
      token === null
        ? this.store.list(path).filter((object) => isSelected(object, path.query))
        : this.#pages.get(token);
    if (objects === undefined) {
      sendStatus(response, 410, "the provided continue parameter is too old");
      return;
    }
    const limit = Number(path.query.get("limit") ?? objects.length);
    const rest = objects.slice(limit);
    const next = rest.length === 0 ? undefined : `page-${this.#pages.size}`;
    if (next !== undefined) this.#pages.set(next, rest);
    const metadata = { resourceVersion: String(this.store.version), continue: next };
    sendJson(response, 200, { kind: "List", metadata, items: objects.slice(0, limit) });
  }

  #change(
    method: string,
    path: ApiPath,
    sent: { readonly body: string; readonly contentType: string },
    response: ServerResponse,
  ): void {
    const body: unknown = JSON.parse(sent.body);
    const present = this.store.get(path);
    if (method === "POST") this.#create(path, body, response);
    else if (method === "PATCH" && sent.contentType.includes("apply")) this.#apply(path, body, response);
    else if (present === undefined) sendStatus(response, 404, `${path.resource} "${path.name}" not found`);
    else if (method === "DELETE") this.#delete(path, present, body, response);
    else this.#patch(path, present, { body, isList: sent.contentType.includes("json-patch") }, response);
  }

  #create(path: ApiPath, body: unknown, response: ServerResponse): void {
    if (!isObjectToPut(body)) {
      sendStatus(response, 422, "metadata.name is missing");
      return;
    }
    const { name } = body.metadata;
    if (this.store.get({ ...path, name }) === undefined) this.#put(path, body, 201, response);
    else sendStatus(response, 409, `${path.resource} "${name}" already exists`);
  }

  #apply(path: ApiPath, body: unknown, response: ServerResponse): void {
    if (isObjectToPut(body) && body.metadata.name === path.name) {
      this.#put(path, mergePatch(this.store.get(path), body), 200, response);
    } else {
      sendStatus(response, 400, "the name of the object was undeterminable: name must be provided");
    }
  }

  #patch(
    path: ApiPath,
    present: StoredObject,
    { body, isList }: { readonly body: unknown; readonly isList: boolean },
    response: ServerResponse,
  ): void {
    const expected =
      isJsonObject(body) && isJsonObject(body["metadata"]) ? body["metadata"]["resourceVersion"] : undefined;
    if (expected !== undefined && expected !== present.metadata.resourceVersion) {
      sendStatus(response, 409, "the object has been modified; please apply your changes to the latest version");
      return;
    }
    let patched: unknown;
    try {
      patched = isList ? jsonPatch(present, body) : mergePatch(present, body);
    } catch {
      // The API server does not say why either.
      sendStatus(response, 422, "the server rejected our request due to an error in our request");
      return;
    }
    this.#put(path, patched, 200, response);
  }

  #delete(path: ApiPath, present: StoredObject, body: unknown, response: ServerResponse): void {
    const preconditions = isJsonObject(body) && isJsonObject(body["preconditions"]) ? body["preconditions"] : {};
    if (preconditions["uid"] !== undefined && preconditions["uid"] !== present.metadata.uid) {
      sendStatus(response, 409, "the UID in the precondition does not match");
      return;
    }
    this.store.remove(path);
    sendJson(response, 200, { kind: "Status", status: "Success" });
  }

  #put(path: ApiPath, object: unknown, status: number, response: ServerResponse): void {
    if (isObjectToPut(object)) sendJson(response, status, this.store.put(path.resource, object));
    else sendStatus(response, 422, "metadata.name is missing");
  }
}

function isObjectToPut(value: unknown): value is ObjectToPut {
  return isJsonObject(value) && isJsonObject(value["metadata"]) && typeof value["metadata"]["name"] === "string";
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}
