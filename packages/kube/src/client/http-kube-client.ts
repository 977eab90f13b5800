import { readText } from "../http/body.ts";
import { requestPath } from "../http/request-path.ts";
import type { ApiRequest } from "../http/transport.ts";
import type { KubeObject } from "../objects/kube-object.ts";
import { apiVersionOf, type Resource } from "../objects/resource.ts";
import type {
  DeleteOptions,
  KubeClient,
  ListOptions,
  NewObject,
  ObjectList,
  ObjectName,
  Patch,
  WatchOptions,
  WatchStream,
} from "../ports.ts";
import { openWatch } from "../watch/open-watch.ts";
import { type ExchangeComponents, exchangeError, openExchange } from "./exchange.ts";
import { listChunks } from "./list-chunks.ts";
import { parseObject } from "./parse-object.ts";
import { patchRequest } from "./patch-request.ts";

export interface HttpKubeClientInit {
  /** For one request, from its start to the end of the answer, with waits that the API server asks for. @default 30_000 */
  readonly requestTimeoutMs?: number;
  /** A watch that sends nothing for this long is taken for dead; bookmarks come about once a minute. @default 90_000 */
  readonly watchSilenceMs?: number;
}

const DEFAULT_REQUEST_TIMEOUT_MS = 30_000;
const DEFAULT_WATCH_SILENCE_MS = 90_000;

/** {@link KubeClient} over HTTP/1.1 and JSON. */
export class HttpKubeClient implements KubeClient {
  readonly #components: ExchangeComponents;
  readonly #requestTimeoutMs: number;
  readonly #watchSilenceMs: number;

  constructor(components: ExchangeComponents, init: HttpKubeClientInit = {}) {
    this.#components = components;
    this.#requestTimeoutMs = init.requestTimeoutMs ?? DEFAULT_REQUEST_TIMEOUT_MS;
    this.#watchSilenceMs = init.watchSilenceMs ?? DEFAULT_WATCH_SILENCE_MS;
  }

  async get<T extends KubeObject>(resource: Resource<T>, name: ObjectName, signal: AbortSignal): Promise<T> {
    return parseObject(resource, await this.#exchange({ method: "GET", path: requestPath(resource, name) }, signal));
  }

  async list<T extends KubeObject>(
    resource: Resource<T>,
    { namespace, labelSelector, fieldSelector, trim }: ListOptions<T>,
    signal: AbortSignal,
  ): Promise<ObjectList<T>> {
    return listChunks(resource, trim, async (chunk) => {
      const path = requestPath(resource, { namespace }, { labelSelector, fieldSelector, ...chunk });
      return this.#exchange({ method: "GET", path }, signal);
    });
  }

  async watch<T extends KubeObject>(
    resource: Resource<T>,
    options: WatchOptions,
    signal: AbortSignal,
  ): Promise<WatchStream<T>> {
    return openWatch(this.#components, resource, { ...options, silenceMs: this.#watchSilenceMs }, signal);
  }

  async create<T extends KubeObject>(resource: Resource<T>, object: NewObject, signal: AbortSignal): Promise<T> {
    const { namespace } = object.metadata;
    const body = JSON.stringify({ apiVersion: apiVersionOf(resource), kind: resource.kind, ...object });
    const request = { method: "POST", path: requestPath(resource, { namespace }), body } as const;
    return parseObject(resource, await this.#exchange(request, signal));
  }

  async patch<T extends KubeObject>(
    resource: Resource<T>,
    name: ObjectName,
    patch: Patch,
    signal: AbortSignal,
  ): Promise<T> {
    return parseObject(resource, await this.#exchange(patchRequest(resource, name, patch), signal));
  }

  async delete<T extends KubeObject>(
    resource: Resource<T>,
    name: ObjectName,
    { propagationPolicy, uid }: DeleteOptions,
    signal: AbortSignal,
  ): Promise<void> {
    const preconditions = uid === undefined ? undefined : { uid };
    const body = JSON.stringify({ apiVersion: "v1", kind: "DeleteOptions", propagationPolicy, preconditions });
    await this.#exchange({ method: "DELETE", path: requestPath(resource, name), body }, signal);
  }

  /** One request and all of its answer. */
  async #exchange(request: ApiRequest, signal: AbortSignal): Promise<string> {
    const budgetMs = this.#requestTimeoutMs;
    const ends = { cancelled: signal, late: AbortSignal.timeout(budgetMs) };
    try {
      return await readText(await openExchange(this.#components, request, { ends, budgetMs }));
    } catch (error) {
      throw exchangeError(error, ends, request);
    }
  }
}
