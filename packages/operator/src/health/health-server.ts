import { createServer } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { type ListenAddress, NiphasError } from "@niphas/core";
import type { Hono } from "hono";

export interface HealthServer extends AsyncDisposable {
  readonly address: ListenAddress;
}

/** Serves an app on one TCP address. @throws NiphasError InvalidConfiguration when the address cannot be used */
export async function serveHealth(app: Hono, { host, port }: ListenAddress): Promise<HealthServer> {
  const server = createServer(getRequestListener(app.fetch));
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  server.listen(port, host, resolve);
  try {
    await promise;
  } catch (cause) {
    throw new NiphasError("InvalidConfiguration", `--health-listen: cannot listen on ${host}:${port}`, { cause });
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
