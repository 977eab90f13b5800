import { once } from "node:events";
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest, type RequestOptions } from "node:https";
import { NiphasError, systemErrorCode, untilAborted } from "@niphas/core";
import type { Credentials } from "../ports.ts";

export interface ApiRequest {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  /** With its query. */
  readonly path: string;
  readonly body?: string;
  /** @default application/json */
  readonly contentType?: string;
}

/**
 * The kernel asks a silent peer after this time, then every second, and gives up ten seconds later: a watch whose
 * network has gone is noticed although the API server may have nothing to say. libuv sets the latter two.
 */
const KEEP_ALIVE = { keepAlive: true, keepAliveMsecs: 30_000 };
const USER_AGENT = "niphas";

/** Sends requests to the API server over connections that are kept and reused. */
export class HttpTransport {
  readonly #credentials: Credentials;
  readonly #agents = { http: new HttpAgent(KEEP_ALIVE), https: new HttpsAgent(KEEP_ALIVE) };

  constructor(components: { readonly credentials: Credentials }) {
    this.#credentials = components.credentials;
  }

  /**
   * Resolves with the response's head; the caller reads its body to the end or destroys it. The signal ends both.
   * @throws NiphasError ApiUnavailable when nobody answers; what the signal says when it aborts
   */
  async send(request: ApiRequest, signal: AbortSignal): Promise<IncomingMessage> {
    signal.throwIfAborted();
    const options = await this.#options(request, signal);
    for (;;) {
      const outgoing = this.#isPlain ? httpRequest(options) : httpsRequest(options);
      outgoing.end(request.body);
      try {
        const [response]: IncomingMessage[] = await once(outgoing, "response");
        if (response === undefined) throw new Error("no response");
        // What breaks from here on is told to whoever reads the body.
        outgoing.on("error", ignore);
        response.on("error", ignore);
        return response;
      } catch (error) {
        signal.throwIfAborted();
        // The server closed a kept connection just when it was taken again; it has not seen the request.
        const isStale = outgoing.reusedSocket && systemErrorCode(error) === "ECONNRESET";
        if (!isStale || request.method !== "GET") throw unreachable(this.#credentials.server, error);
      }
    }
  }

  /** Closes idle connections and breaks those in use. */
  close(): void {
    this.#agents.http.destroy();
    this.#agents.https.destroy();
  }

  get #isPlain(): boolean {
    return this.#credentials.server.protocol === "http:";
  }

  async #options(request: ApiRequest, signal: AbortSignal): Promise<RequestOptions> {
    const { server } = this.#credentials;
    // A helper program that gives credentials may hang.
    const { headers, ...credentials } = await untilAborted(this.#credentials.requestOptions(), signal);
    return {
      agent: this.#isPlain ? this.#agents.http : this.#agents.https,
      ...credentials,
      signal,
      method: request.method,
      host: server.hostname.replace(/^\[|\]$/g, ""),
      port: server.port,
      path: server.pathname.replace(/\/$/, "") + request.path,
      headers: { ...headers, ...headersOf(request) },
    };
  }
}

function ignore(): void {
  // See where it is used.
}

function headersOf({ body, contentType }: ApiRequest): Readonly<Record<string, string | number>> {
  const common = { accept: "application/json", "user-agent": USER_AGENT };
  if (body === undefined) return common;
  return {
    ...common,
    "content-type": contentType ?? "application/json",
    "content-length": Buffer.byteLength(body),
  };
}

function unreachable(server: URL, cause: unknown): NiphasError {
  const code = systemErrorCode(cause);
  const reason = code === undefined ? "" : ` (${code})`;
  return new NiphasError("ApiUnavailable", `the API server at ${server.host} cannot be reached${reason}`, { cause });
}
