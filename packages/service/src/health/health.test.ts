import { connect } from "node:net";
import { expect, it } from "vitest";
import { healthApp } from "./health-app.ts";
import { serveHealth } from "./health-server.ts";
import { Readiness } from "./readiness.ts";

const metrics = { contentType: "text/plain; version=0.0.4", render: async () => "up 1\n" };
const ANY_PORT = { host: "127.0.0.1", port: 0 };

function app(parts: { readonly liveness?: () => string | undefined; readonly readiness?: Readiness } = {}) {
  const { liveness = () => undefined, readiness = new Readiness() } = parts;
  return healthApp({ liveness, readiness: () => readiness.failures(), metrics });
}

it("is live until only a restart helps, and then says why", async () => {
  expect((await app().request("/livez")).status).toBe(200);
  const hanging = await app({ liveness: () => "it hangs" }).request("/livez");
  expect([hanging.status, await hanging.text()]).toEqual([503, "it hangs\n"]);
});

it("is ready when nothing fails, else lists what does, and takes a check that throws for one that fails", async () => {
  let reason: string | undefined = "locked";
  const readiness = new Readiness();
  readiness.add({ name: "store", failure: () => reason });
  readiness.add({ name: "views", failure: () => undefined });
  readiness.add({
    name: "state",
    failure: () => {
      if (reason !== undefined) throw new Error("no");
      return undefined;
    },
  });
  const failing = await app({ readiness }).request("/readyz");
  expect([failing.status, await failing.text()]).toEqual([503, "store: locked\nstate: no\n"]);
  reason = undefined;
  expect((await app({ readiness }).request("/readyz")).status).toBe(200);
});

it("gives metrics with their type", async () => {
  const response = await app().request("/metrics");
  expect(response.headers.get("content-type")).toBe(metrics.contentType);
  expect(await response.text()).toBe("up 1\n");
});

it("listens on a free port, answers there, and stops although somebody is connected", async () => {
  const server = await serveHealth(app(), { address: ANY_PORT, flag: "--listen" });
  const { address } = server;
  expect(await (await fetch(`http://127.0.0.1:${address.port}/livez`)).text()).toBe("ok\n");
  await expect(serveHealth(app(), { address, flag: "--listen" })).rejects.toMatchObject({
    code: "InvalidConfiguration",
    message: `--listen: cannot listen on 127.0.0.1:${address.port}`,
  });
  const idle = connect(address.port, address.host);
  idle.on("error", () => undefined);
  await new Promise((resolve) => idle.once("connect", resolve));
  await server[Symbol.asyncDispose]();
  await expect(fetch(`http://127.0.0.1:${address.port}/livez`)).rejects.toThrow();
  idle.destroy();
});

it("ends a connection that asks for nothing", { timeout: 30_000 }, async () => {
  await using server = await serveHealth(app(), { address: ANY_PORT, flag: "--listen" });
  const silent = connect(server.address.port, server.address.host);
  silent.write("GET /livez HTTP/1.1\r\n");
  const text = await new Promise<string>((resolve) => {
    let received = "";
    silent.setEncoding("utf8").on("data", (chunk: string) => {
      received += chunk;
    });
    silent.once("close", () => resolve(received));
  });
  expect(text).toMatch(/^HTTP\/1\.1 408 /);
});
