import { createServer } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { type ListenAddress, NiphasError } from "@niphas/core";
import type { Hono } from "hono";

export interface HealthServerInit {
  /** Port 0 for any that is free. */
  readonly address: ListenAddress;
  /** The flag that the address came from, for the error. */
  readonly flag: string;
}

export interface HealthServer extends AsyncDisposable {
  /** With the port that was taken. */
  readonly address: ListenAddress;
}

/**
 * Who may reach the port asks for nothing but a line or a page: none of them, a pod of the cluster least of all, may
 * hold connections until the process is out of memory or of file descriptors.
 */
const LIMITS = { headersTimeout: 5000, requestTimeout: 10_000, connectionsCheckingInterval: 2500 };
const MAX_CONNECTIONS = 256;

/**
 * Serves an app on one TCP address until it is disposed of.
 * @throws NiphasError InvalidConfiguration when the address cannot be used
 */
export async function serveHealth(app: Hono, { address, flag }: HealthServerInit): Promise<HealthServer> {
  const { host, port } = address;
  const server = createServer(LIMITS, getRequestListener(app.fetch));
  server.maxConnections = MAX_CONNECTIONS;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  // For good: a connection that cannot be accepted later on is told here too, and must not end the process.
  server.on("error", reject);
  server.listen(port, host, resolve);
  try {
    await promise;
  } catch (cause) {
    throw new NiphasError("InvalidConfiguration", `${flag}: cannot listen on ${host}:${port}`, { cause });
  }
  const bound = server.address();
  return {
    address: { host, port: typeof bound === "object" && bound !== null ? bound.port : port },
    [Symbol.asyncDispose]: async () => {
      const closed = Promise.withResolvers<void>();
      server.close(() => closed.resolve());
      server.closeAllConnections();
      await closed.promise;
    },
  };
}
