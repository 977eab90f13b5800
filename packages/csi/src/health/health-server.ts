import type { Server } from "node:http";
import { createAdaptorServer } from "@hono/node-server";
import { type ListenAddress, NiphasError } from "@niphas/core";
import type { Hono } from "hono";

/** Serves an app on one TCP address. */
export class HealthServer {
  readonly #address: ListenAddress;
  readonly #server: ReturnType<typeof createAdaptorServer>;

  constructor(components: { readonly app: Hono }, init: { readonly address: ListenAddress }) {
    this.#address = init.address;
    this.#server = createAdaptorServer({ fetch: components.app.fetch });
  }

  /** @returns the address that it listens on @throws NiphasError InvalidConfiguration when the address cannot be used */
  async start(): Promise<ListenAddress> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#server.once("error", reject);
    this.#server.listen(this.#address.port, this.#address.host, resolve);
    try {
      await promise;
    } catch (cause) {
      const message = `--metrics-listen: cannot listen on ${this.#address.host}:${this.#address.port}`;
      throw new NiphasError("InvalidConfiguration", message, { cause });
    }
    const bound = this.#server.address();
    return { host: this.#address.host, port: typeof bound === "object" && bound !== null ? bound.port : 0 };
  }

  async stop(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    closeConnections(this.#server);
    await promise;
  }
}

function closeConnections(server: ReturnType<typeof createAdaptorServer>): void {
  if (isHttp1(server)) server.closeAllConnections();
}

function isHttp1(server: ReturnType<typeof createAdaptorServer>): server is Server {
  return "closeAllConnections" in server;
}
