import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { isNiphasError, NiphasError } from "@niphas/core";
import { Agent, MockAgent } from "undici";
import { describe, expect, it } from "vitest";
import { readText } from "../read-text.ts";
import { basicAuthorization } from "./basic-authorization.ts";
import { HttpFiles } from "./http-files.ts";

const { signal: never } = new AbortController();
const ORIGIN = "https://cache.example";

function rig(init: { readonly allowsOtherOrigins?: boolean; readonly stallTimeoutMs?: number } = {}) {
  const agent = new MockAgent();
  agent.disableNetConnect();
  const login = { user: "ann", password: "canary" };
  const place = {
    base: new URL(`${ORIGIN}/team/`),
    name: `${ORIGIN}/team`,
    allowsOtherOrigins: true,
    stallTimeoutMs: 5000,
    ...init,
  };
  const files = new HttpFiles(
    { dispatcher: agent, authorize: basicAuthorization(place.name, login, undefined) },
    place,
  );
  const seen: {
    readonly path: string;
    readonly authorization: string | undefined;
    readonly range: string | undefined;
  }[] = [];
  const answer = (
    path: string,
    statusCode: number,
    text = "",
    headers: Record<string, string> = {},
    origin = ORIGIN,
  ) => {
    agent
      .get(origin)
      .intercept({ path, method: "GET" })
      .reply((request) => {
        const sent = new Headers(request.headers as Record<string, string>);
        seen.push({
          path: origin + path,
          authorization: sent.get("authorization") ?? undefined,
          range: sent.get("range") ?? undefined,
        });
        return { statusCode, data: text, responseOptions: { headers } };
      });
  };
  const read = async (file: string, start = 0) => {
    await using opened = await files.open(file, start, never);
    if (opened === undefined) return undefined;
    return { text: await readText(opened.body, "test", 1000), startsAt: opened.startsAt, total: opened.totalSizeBytes };
  };
  return { answer, read, seen, files, [Symbol.asyncDispose]: () => agent.close() };
}

async function failure(work: Promise<unknown>) {
  try {
    await work;
  } catch (error) {
    if (isNiphasError(error)) return error;
    throw error;
  }
  throw new Error("it succeeded");
}

describe("files over HTTP", () => {
  it("are found below the cache's address, with its login", async () => {
    await using test = rig();
    test.answer("/team/nar/a.nar?x=1", 200, "bytes", { "content-length": "5" });
    expect(await test.read("nar/a.nar?x=1")).toEqual({ text: "bytes", startsAt: 0, total: 5 });
    expect(test.seen[0]?.authorization).toBe(`Basic ${Buffer.from("ann:canary").toString("base64")}`);
  });

  it.each([403, 404, 410])("are not there when the answer is %i", async (status) => {
    await using test = rig();
    test.answer("/team/a", status);
    expect(await test.read("a")).toBeUndefined();
  });

  it("begin in the middle when asked to, or say that they do not", async () => {
    await using test = rig();
    test.answer("/team/a", 206, "789", { "content-range": "bytes 7-9/10" });
    test.answer("/team/b", 200, "0123456789", { "content-length": "10" });
    expect(await test.read("a", 7)).toEqual({ text: "789", startsAt: 7, total: 10 });
    expect(await test.read("b", 7)).toEqual({ text: "0123456789", startsAt: 0, total: 10 });
    expect(test.seen.map((each) => each.range)).toEqual(["bytes=7-", "bytes=7-"]);
  });

  it.each([
    ["other bytes than asked", 206, { "content-range": "bytes 3-9/10" }],
    ["a part without saying which", 206, {}],
    ["that the file is too short", 416, {}],
  ])("are refused when the answer is %s", async (_name, status, headers) => {
    await using test = rig();
    test.answer("/team/a", status, "x", headers);
    expect((await failure(test.read("a", 7))).code).toBe("BadBytes");
  });

  it.each([500, 502, 503, 429, 401, 407, 418])("are unavailable when the answer is %i", async (status) => {
    await using test = rig();
    test.answer("/team/a", status, "", { "retry-after": "7" });
    const error = await failure(test.read("a"));
    expect(error).toMatchObject({ code: "SubstituterUnavailable", retryAfterMs: 7000 });
    expect(error.message).toContain(String(status));
  });

  it("are unavailable when nobody answers, and no error holds a secret", async () => {
    await using test = rig();
    const error = await failure(test.read("a"));
    expect(error.code).toBe("SubstituterUnavailable");
    expect(JSON.stringify([error.message, error, String(error.cause)])).not.toMatch(/canary|YW5uOmNhbmFyeQ/);
  });
});

describe("a redirect", () => {
  it("within the cache is followed with the login, to elsewhere without", async () => {
    await using test = rig();
    test.answer("/team/a", 302, "", { location: "/other/a" });
    test.answer("/other/a", 307, "", { location: "https://bucket.example/a?sig=1" });
    test.answer("/a?sig=1", 200, "bytes", {}, "https://bucket.example");
    expect((await test.read("a"))?.text).toBe("bytes");
    expect(test.seen.map((each) => each.authorization !== undefined)).toEqual([true, true, false]);
  });

  it("is not followed for ever, nor to what is not HTTPS any more", async () => {
    await using test = rig();
    for (let hop = 0; hop < 20; hop++) test.answer("/team/a", 302, "", { location: "a" });
    expect((await failure(test.read("a"))).message).toContain("redirects more than 10 times");
    expect(test.seen.length).toBe(11);
    test.answer("/team/b", 302, "", { location: "http://cache.example/b" });
    expect((await failure(test.read("b"))).message).toContain("redirects to where we do not go");
  });
});

describe("the URL in a narinfo", () => {
  it("may lead to another origin by HTTP, without the login", async () => {
    await using test = rig();
    test.answer("/x", 200, "bytes", {}, "https://elsewhere.example");
    expect((await test.read("https://user:pass@elsewhere.example/x"))?.text).toBe("bytes");
    expect(test.seen[0]?.authorization).toBeUndefined();
  });

  it("leads nowhere else", async () => {
    await using test = rig({ allowsOtherOrigins: false });
    for (const url of ["file:///etc/passwd", "data:,x", "https://["]) {
      expect((await failure(test.read(url))).code).toBe("BadBytes");
    }
    expect((await failure(test.read("https://elsewhere.example/x"))).code).toBe("BadBytes");
    expect((await failure(test.read("//elsewhere.example/x"))).code).toBe("BadBytes");
  });
});

describe("a real connection", () => {
  it("serves many questions, also those that are answered with no or with an error", async () => {
    const ports = new Set<number | undefined>();
    const server = createServer((request, response) => {
      ports.add(request.socket.remotePort);
      response.writeHead(request.url === "/a" ? 404 : 500).end("no such thing");
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    await using files = plainFiles(server);
    for (let round = 0; round < 5; round++) {
      expect(await files.open("a", 0, never)).toBeUndefined();
      expect((await failure(files.open("b", 0, never))).code).toBe("SubstituterUnavailable");
    }
    expect(ports.size).toBeLessThan(4);
    server.close();
  });

  it("is given up when it stands still, at its start or in the middle, but not while nobody reads", async () => {
    const server = createServer((request, response) => {
      if (request.url === "/silent") return;
      response.writeHead(200, { "content-length": 4 }).write("12");
      if (request.url === "/slow") setTimeout(() => response.end("34"), 20);
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    await using files = plainFiles(server, 300);
    expect((await failure(files.open("silent", 0, never))).message).toContain("did not answer within 300 ms");
    await using half = await files.open("half", 0, never);
    expect((await failure(Array.fromAsync(half?.body ?? []))).message).toContain("stopped sending");
    await using slow = await files.open("slow", 0, never);
    await sleep(600);
    expect(Buffer.concat(await Array.fromAsync(slow?.body ?? [])).toString()).toBe("1234");
    server.closeAllConnections();
    server.close();
  });

  it("that breaks off is told from the end of a file, and an opened file that nobody reads may be left", async () => {
    const server = createServer((_request, response) => {
      response.writeHead(200, { "content-length": 4 }).write("12");
      setTimeout(() => response.destroy(), 20);
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    await using files = plainFiles(server);
    await using broken = await files.open("a", 0, never);
    expect((await failure(Array.fromAsync(broken?.body ?? []))).message).toContain("broke off");
    const left = await files.open("b", 0, never);
    await left?.[Symbol.asyncDispose]();
    await sleep(50);
    server.closeAllConnections();
    server.close();
  });

  it("ends with what the signal says", async () => {
    const server = createServer(() => undefined);
    await once(server.listen(0, "127.0.0.1"), "listening");
    await using files = plainFiles(server);
    const leaving = new AbortController();
    setTimeout(() => leaving.abort(new NiphasError("Cancelled", "left")), 20);
    expect((await failure(files.open("a", 0, leaving.signal))).code).toBe("Cancelled");
    server.closeAllConnections();
    server.close();
  });
});

function plainFiles(server: Server, stallTimeoutMs = 5_000): HttpFiles {
  const address = server.address();
  const port = typeof address === "object" ? address?.port : 0;
  const base = new URL(`http://127.0.0.1:${port}/`);
  const init = { base, name: base.href, allowsOtherOrigins: true, stallTimeoutMs };
  return new HttpFiles({ dispatcher: new Agent(), authorize: async () => ({}) }, init);
}
