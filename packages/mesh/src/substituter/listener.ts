import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { type ListenAddress, NiphasError } from "@niphas/core";
import type { Hono } from "hono";
import { NAR_INFO_TYPE } from "./recalled-nar-infos.ts";

/** curl keeps an idle connection for up to 118 s; who closes first must not be us, or a request is lost. */
const KEEP_ALIVE_MS = 150_000;
/** A client that sends no whole head in this time; must be longer than the above. */
const HEADERS_MS = 160_000;
/** Nix may write a path to disk for minutes before it reads on. */
const IDLE_SOCKET_MS = 900_000;
/** More than a few Nix processes with all the connections that they may open. */
const MAX_CONNECTIONS = 512;
const MAX_HEADER_BYTES = 16 * 1024;
const CLOSED = new NiphasError("Cancelled", "the connection has taken the answer, or has gone");

export interface SubstituterListenerComponents {
  readonly app: Hono;
  /** Asked before the app: the text of a narinfo that is in memory, by the request's URL. @default asked nothing */
  readonly recall?: (url: string) => string | undefined;
}

/**
 * Serves the substituter's app to this node. Its own bridge from Node.js to the app, since a body that fails must
 * destroy the connection and nothing else: an adaptor for all cases writes errors into responses and to the console.
 */
export class SubstituterListener implements AsyncDisposable {
  readonly #components: SubstituterListenerComponents;
  readonly #address: ListenAddress;
  readonly #server: Server;

  /** @param init.address an address of the loopback interface as a literal; port 0 takes any free one */
  constructor(components: SubstituterListenerComponents, init: { readonly address: ListenAddress }) {
    this.#components = components;
    this.#address = init.address;
    this.#server = createServer(
      {
        keepAliveTimeout: KEEP_ALIVE_MS,
        headersTimeout: HEADERS_MS,
        requestTimeout: 0,
        noDelay: true,
        maxHeaderSize: MAX_HEADER_BYTES,
      },
      (request, response) => {
        this.#serve(request, response).catch(() => {
          if (response.headersSent) response.destroy();
          else response.writeHead(404).end();
        });
      },
    );
    this.#server.timeout = IDLE_SOCKET_MS;
    this.#server.maxConnections = MAX_CONNECTIONS;
  }

  /** @returns the address that it listens on @throws NiphasError InvalidConfiguration when the address cannot be used */
  async start(): Promise<ListenAddress> {
    const { host, port } = this.#address;
    if (!/^127\.\d+\.\d+\.\d+$|^::1$/.test(host)) {
      throw new NiphasError(
        "InvalidConfiguration",
        "--substituter: must be an address of this machine alone, such as 127.0.0.1",
      );
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#server.once("error", reject).listen(port, host, resolve);
    try {
      await promise;
    } catch (cause) {
      throw new NiphasError("InvalidConfiguration", `--substituter: cannot listen on ${host}:${port}`, { cause });
    }
    const bound = this.#server.address();
    return { host, port: typeof bound === "object" && bound !== null ? bound.port : 0 };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#server.listening) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    this.#server.closeAllConnections();
    await promise;
  }

  async #serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    if (this.#recall(incoming, outgoing)) return;
    const gone = new AbortController();
    // A reason of its own would be made for each request, with its stack.
    outgoing.once("close", () => gone.abort(CLOSED));
    const response = await this.#components.app.fetch(requestOf(incoming, gone.signal));
    if (outgoing.destroyed) return void (await response.body?.cancel());
    outgoing.writeHead(response.status, Object.fromEntries(response.headers));
    if (response.body === null || incoming.method === "HEAD") return void outgoing.end();
    await pipeline(response.body, outgoing);
  }

  /** False: it is not in memory. */
  #recall(incoming: IncomingMessage, outgoing: ServerResponse): boolean {
    const { method, url = "/" } = incoming;
    const text = method === "GET" || method === "HEAD" ? this.#components.recall?.(url) : undefined;
    if (text === undefined) return false;
    incoming.resume();
    outgoing.writeHead(200, { "content-type": NAR_INFO_TYPE, "content-length": Buffer.byteLength(text) });
    outgoing.end(method === "HEAD" ? undefined : text);
    return true;
  }
}

function requestOf(incoming: IncomingMessage, signal: AbortSignal): Request {
  const { method = "GET", url = "/", headers } = incoming;
  const fields = Object.entries(headers).filter((field): field is [string, string] => typeof field[1] === "string");
  const target = new URL("http://substituter/");
  const [path = "/", query = ""] = url.split("?");
  target.pathname = path;
  target.search = query;
  const init = { method, headers: fields, signal };
  if (method === "POST") return new Request(target, { ...init, body: Readable.toWeb(incoming), duplex: "half" });
  // No other request that is answered has a body.
  incoming.resume();
  return new Request(target, init);
}
