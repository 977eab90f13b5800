import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { waitUntil } from "@niphas/testing";
import { Hono } from "hono";
import { describe, expect, it } from "vitest";
import { createSubstituterApp } from "./app.ts";
import { SubstituterListener } from "./listener.ts";
import { MemorySources } from "./memory-sources.test-twin.ts";
import { formatNarUrl } from "./nar-url.ts";

const BYTES = Buffer.alloc(3_000_000, "niphas");

async function rig() {
  const sources = new MemorySources();
  const app = createSubstituterApp({ narInfos: sources, nars: sources, sideFiles: sources });
  const recall = (url: string) => (url === "/recalled.narinfo" ? "StorePath: é\n" : undefined);
  const listener = new SubstituterListener({ app, recall }, { address: { host: "127.0.0.1", port: 0 } });
  const { port } = await listener.start();
  const raw = async (text: string) => {
    const socket = connect(port, "127.0.0.1");
    socket.end(text);
    let answer = "";
    socket.setEncoding("latin1").on("data", (part: string) => {
      answer += part;
    });
    await once(socket, "close");
    return answer;
  };
  const [url, dispose] = [`http://127.0.0.1:${port}`, () => listener[Symbol.asyncDispose]()];
  return { sources, raw, url, port, [Symbol.asyncDispose]: dispose };
}

describe("the substituter's listener", () => {
  it("serves a NAR with its exact length, and nothing after it", async () => {
    await using test = await rig();
    const url = `/${formatNarUrl(test.sources.add(BYTES))}`;
    const response = await fetch(test.url + url);
    expect(response.headers.get("content-length")).toBe(String(BYTES.length));
    expect(Buffer.from(await response.arrayBuffer()).equals(BYTES)).toBe(true);
    const head = await test.raw(`HEAD ${url} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    expect(head).toMatch(new RegExp(`^HTTP/1.1 200 OK\r\n[^]*content-length: ${BYTES.length}\r\n[^]*\r\n\r\n$`, "i"));
  });

  it("answers from memory without asking the app, but for what only reads", async () => {
    await using test = await rig();
    const response = await fetch(`${test.url}/recalled.narinfo`);
    expect([response.status, response.headers.get("content-type")]).toEqual([200, "text/x-nix-narinfo"]);
    expect(await response.text()).toBe("StorePath: é\n");
    const head = await test.raw("HEAD /recalled.narinfo HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    expect(head.toLowerCase()).toContain("content-length: 14\r\n");
    expect(head.endsWith("\r\n\r\n")).toBe(true);
    expect((await fetch(`${test.url}/recalled.narinfo`, { method: "PUT" })).status).toBe(405);
  });

  it("destroys the connection of a NAR that turns out bad, before its end", async () => {
    await using test = await rig();
    const url = `/${formatNarUrl(test.sources.add(BYTES, {}, Buffer.from(BYTES).fill(1, 0, 1)))}`;
    const answer = await test.raw(`GET ${url} HTTP/1.1\r\nHost: x\r\n\r\n`);
    const body = answer.slice(answer.indexOf("\r\n\r\n") + 4);
    expect(body.length).toBeGreaterThan(0);
    expect(body.length).toBeLessThan(BYTES.length);
    expect(test.sources.openBodies).toBe(0);
  });

  it("closes what a client that goes away was reading, and reads no further than a slow one", async () => {
    await using test = await rig();
    const url = `/${formatNarUrl(test.sources.add(Buffer.alloc(50_000_000)))}`;
    const socket = connect(test.port, "127.0.0.1");
    socket.write(`GET ${url} HTTP/1.1\r\nHost: x\r\n\r\n`);
    await once(socket, "data");
    socket.pause();
    await sleep(300);
    expect(test.sources.openBodies).toBe(1);
    expect(test.sources.readBytes).toBeLessThan(25_000_000);
    socket.destroy();
    await waitUntil("the NAR to be closed", () => test.sources.openBodies === 0);
  });

  it.each([
    "GET //x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    "GET http://[bad HTTP/1.1\r\nHost: \r\nConnection: close\r\n\r\n",
    "GET /%E0%A4%A.narinfo HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    "TRACE / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
  ])("never answers with a server's error: %j", async (request) => {
    await using test = await rig();
    expect(await test.raw(request)).toMatch(/^HTTP\/1.1 4\d\d /);
  });

  it("hands the body of a POST to an app that takes one", async () => {
    const app = new Hono().post("/echo", async (c) => c.text(await c.req.text()));
    await using listener = new SubstituterListener({ app }, { address: { host: "127.0.0.1", port: 0 } });
    const { port } = await listener.start();
    const response = await fetch(`http://127.0.0.1:${port}/echo`, { method: "POST", body: "roots" });
    expect(await response.text()).toBe("roots");
    await using test = await rig();
    expect((await fetch(`${test.url}/x`, { method: "POST", body: "x".repeat(1_000_000) })).status).toBe(405);
    expect((await fetch(`${test.url}/x`, { method: "PUT", body: "x".repeat(1_000_000) })).status).toBe(405);
  });

  it("listens to this machine alone", async () => {
    const app = createSubstituterApp({
      narInfos: new MemorySources(),
      nars: new MemorySources(),
      sideFiles: new MemorySources(),
    });
    for (const host of ["0.0.0.0", "", "localhost", "::"]) {
      const listener = new SubstituterListener({ app }, { address: { host, port: 0 } });
      await expect(listener.start()).rejects.toMatchObject({ code: "InvalidConfiguration" });
    }
  });

  it("says when its port is taken", async () => {
    await using test = await rig();
    const app = createSubstituterApp({ narInfos: test.sources, nars: test.sources, sideFiles: test.sources });
    const listener = new SubstituterListener({ app }, { address: { host: "127.0.0.1", port: test.port } });
    await expect(listener.start()).rejects.toMatchObject({ code: "InvalidConfiguration" });
  });
});
