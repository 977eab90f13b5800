import { expect, it } from "vitest";
import { SubstituterGate } from "./substituter-gate.ts";

const NEVER_MS = 2 ** 30;

function request(path: string, signal?: AbortSignal): Request {
  return new Request(`http://substituter${path}`, signal === undefined ? {} : { signal });
}

it("answers 404 until it is opened, and again when it is closed", async () => {
  const gate = new SubstituterGate();
  const status = async (): Promise<number> => (await gate.app.fetch(request("/nix-cache-info"))).status;
  expect(await status()).toBe(404);
  gate.open(() => new Response("ok"));
  expect(await status()).toBe(200);
  await gate.close(NEVER_MS);
  expect(await status()).toBe(404);
});

it("waits with closing for NARs whose connections have not taken them yet", async () => {
  const gate = new SubstituterGate();
  gate.open(() => new Response("nar"));
  const [first, second] = [new AbortController(), new AbortController()];
  await gate.app.fetch(request("/nar/a.nar", first.signal));
  await gate.app.fetch(request("/nar/b.nar", second.signal));
  let isClosed = false;
  const closed = gate.close(NEVER_MS).then(() => {
    isClosed = true;
  });
  first.abort();
  await new Promise(setImmediate);
  expect([isClosed, gate.runningCount]).toEqual([false, 1]);
  second.abort();
  await closed;
});

it("waits for nothing but NARs, and not for ever", async () => {
  const gate = new SubstituterGate();
  gate.open(() => new Response("ok"));
  const held = new AbortController();
  await gate.app.fetch(request("/status", held.signal));
  await gate.close(NEVER_MS);
  gate.open(() => new Response("ok"));
  await gate.app.fetch(request("/nar/a.nar", held.signal));
  await gate.close(0);
  expect(gate.runningCount).toBe(1);
});

it("recalls nothing until it is opened, and nothing when it is closed", async () => {
  const gate = new SubstituterGate();
  expect(gate.recall("/x")).toBeUndefined();
  gate.open(
    () => new Response("ok"),
    (url) => `text of ${url}`,
  );
  expect(gate.recall("/x")).toBe("text of /x");
  await gate.close(NEVER_MS);
  expect(gate.recall("/x")).toBeUndefined();
});
