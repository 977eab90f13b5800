import { Hono } from "hono";
import { describe, expect, it } from "vitest";
import { createSubstituterApp } from "../substituter/app.ts";
import { SubstituterListener } from "../substituter/listener.ts";
import { MemorySources } from "../substituter/memory-sources.test-twin.ts";
import { createPlanApp } from "./plan-routes.ts";
import { HOLDER, planRig } from "./twins/plan-rig.ts";

const BODY_LIMIT = 64 * 1024;

async function serve(rig: ReturnType<typeof planRig>) {
  const sources = new MemorySources();
  const app = new Hono();
  app.route("/", createPlanApp(rig));
  app.route("/", createSubstituterApp({ narInfos: rig.narInfos, nars: sources, sideFiles: sources }));
  const listener = new SubstituterListener({ app }, { address: { host: "127.0.0.1", port: 0 } });
  const { host, port } = await listener.start();
  const url = `http://${host}:${port}`;
  const post = (body: string, signal?: AbortSignal, type = "application/json") =>
    fetch(`${url}/plan`, {
      method: "POST",
      body,
      headers: { "content-type": type },
      ...(signal === undefined ? {} : { signal }),
    });
  return { url, post, [Symbol.asyncDispose]: () => listener[Symbol.asyncDispose]() };
}

describe("POST /plan", () => {
  it("refuses what a page in a browser could have sent", async () => {
    using rig = planRig({ pathCount: 1, holders: [HOLDER] });
    await using server = await serve(rig);
    const response = await server.post(JSON.stringify({ roots: [rig.root] }), undefined, "text/plain;charset=UTF-8");
    expect(response.status).toBe(400);
    expect(await response.text()).toContain("expected content-type: application/json");
  });

  it("answers with one event a line, and ends the plan when the client leaves", async () => {
    using rig = planRig({ pathCount: 5, holders: [HOLDER] });
    await using server = await serve(rig);
    const leaving = new AbortController();
    const response = await server.post(JSON.stringify({ roots: [rig.root] }), leaving.signal);
    expect([response.status, response.headers.get("content-type")]).toEqual([200, "application/x-ndjson"]);
    const reader = (response.body ?? expect.fail("no body")).pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    while (!text.includes("ready")) {
      await rig.clock.advance(250);
      text += (await reader.read()).value ?? expect.fail("it has ended");
    }
    const [first = ""] = text.split("\n");
    expect(JSON.parse(first)).toMatchObject({ event: "progress", doneBytes: 0 });
    const info = await fetch(`${server.url}/${rig.root.slice(11, 43)}.narinfo`);
    expect(await info.text()).toContain(`StorePath: ${rig.root}\n`);
    expect(rig.plans.count).toBe(1);
    leaving.abort();
    await expect.poll(() => rig.plans.count).toBe(0);
    expect(rig.downloads.heldCount).toBe(0);
  });

  it.each([
    ["nothing", ""],
    ["no JSON", "{"],
    ["no roots", "{}"],
    ["an empty list", '{"roots":[]}'],
    ["a number", '{"roots":[1]}'],
    ["another path", '{"roots":["/etc/passwd"]}'],
    ["too many roots", JSON.stringify({ roots: Array.from({ length: 65 }, () => "/nix/store/x") })],
  ])("refuses %s", async (_name, body) => {
    using rig = planRig({ pathCount: 1 });
    await using server = await serve(rig);
    expect((await server.post(body)).status).toBe(400);
    expect(rig.plans.count).toBe(0);
  });

  it("refuses a body that is too long", async () => {
    using rig = planRig({ pathCount: 1 });
    await using server = await serve(rig);
    expect((await server.post("x".repeat(BODY_LIMIT + 1))).status).toBe(413);
  });
});
