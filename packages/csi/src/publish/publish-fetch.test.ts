import { NiphasError } from "@niphas/core";
import { settle } from "@niphas/service";
import { afterEach, beforeEach, expect, it } from "vitest";
import { codeOf, HELLO, NOTHING, PUBLISHED, TestPlugin, testCall, volumeId } from "../twins/test-plugin.ts";

let plugin: TestPlugin;
beforeEach(() => {
  plugin = new TestPlugin();
});
afterEach(() => plugin[Symbol.dispose]());

it("answers with the progress after 10, 20, 40 and 90 s while the work goes on", async () => {
  const waits: number[] = [];
  for (let attempt = 0; attempt < 5; attempt++) {
    const startMs = plugin.clock.nowMs();
    let answer = "";
    void codeOf(plugin.publish(plugin.request(1))).then((code) => {
      answer = code;
      waits.push(plugin.clock.nowMs() - startMs);
    });
    while (answer === "") await plugin.clock.advance(1000);
    expect(answer).toBe("StillFetching");
    expect(plugin.gcRoots.rootsOf(volumeId(1))).toEqual([HELLO]);
    await plugin.clock.advance(500);
  }
  expect(waits).toEqual([10_000, 20_000, 40_000, 90_000, 90_000]);
  expect(plugin.nix.realiseCount).toBe(1);
});

it("says what is fetched, how far it is and from where", async () => {
  const call = plugin.publish(plugin.request(1));
  await settle();
  plugin.nix.pending[0]?.onProgress({
    phase: "fetching",
    donePaths: 12,
    totalPaths: 87,
    doneBytes: 430 * 2 ** 20,
    totalBytes: 812 * 2 ** 20,
    sources: ["cache.example.org"],
  });
  void plugin.clock.advance(10_000);
  await expect(call).rejects.toThrow(
    "fetching hello-2.12: 430 of 812 MiB, 12 of 87 paths, from cache.example.org; the next retry joins in",
  );
});

it("lets the next call find the result", async () => {
  const first = codeOf(plugin.publish(plugin.request(1)));
  await plugin.clock.advance(10_000);
  expect(await first).toBe("StillFetching");
  plugin.nix.finishFetch();
  await settle();
  await plugin.publish(plugin.request(1));
  expect(plugin.state(1)).toEqual(PUBLISHED);
  expect(plugin.nix.realiseCount).toBe(1);
  expect(plugin.clock.timerCount).toBe(0);
});

it("fetches once for many volumes and does not make them wait for each other", async () => {
  const calls = Array.from({ length: 20 }, async (_, n) => plugin.publish(plugin.request(n + 1)));
  await settle();
  expect(plugin.nix.realiseCount).toBe(1);
  plugin.nix.finishFetch();
  await Promise.all(calls);
  expect(plugin.mounter.calls).toHaveLength(20);
});

it("gives a fetch's failure to every call and leaves nothing", async () => {
  const calls = [1, 2, 3].map(async (n) => codeOf(plugin.publish(plugin.request(n))));
  await settle();
  plugin.nix.failFetch(new NiphasError("PathNotFound", "nowhere"));
  expect(await Promise.all(calls)).toEqual(["PathNotFound", "PathNotFound", "PathNotFound"]);
  for (const n of [1, 2, 3]) expect(plugin.state(n)).toEqual(NOTHING);
});

it("goes on when the client leaves, and the retry joins", async () => {
  const { context, cancel } = testCall();
  const call = codeOf(plugin.publish(plugin.request(1), context));
  await settle();
  cancel();
  expect(await call).toBe("Cancelled");
  expect(plugin.nix.pending).toHaveLength(1);
  const retry = plugin.publish(plugin.request(1));
  await settle();
  plugin.nix.finishFetch();
  await retry;
  expect(plugin.nix.realiseCount).toBe(1);
  expect(plugin.state(1)).toEqual(PUBLISHED);
});

it("ends the fetch 10 minutes after the last call, and the janitor takes the roots", async () => {
  const call = codeOf(plugin.publish(plugin.request(1)));
  await plugin.clock.advance(10_000);
  expect(await call).toBe("StillFetching");
  await plugin.janitor.sweep(new AbortController().signal);
  expect(plugin.state(1).roots).toBe(1);
  await plugin.clock.advance(600_000);
  expect(plugin.nix.pending).toHaveLength(0);
  await plugin.janitor.sweep(new AbortController().signal);
  expect(plugin.state(1)).toEqual(NOTHING);
});

it("answers while a view is built, too", async () => {
  plugin.nix.addValid(HELLO);
  const { promise, resolve } = Promise.withResolvers<void>();
  plugin.views.hold = promise;
  const call = plugin.publish(plugin.request(1));
  void plugin.clock.advance(10_000);
  await expect(call).rejects.toThrow("building the view of hello-2.12; the next retry joins in");
  resolve();
  await settle();
  await plugin.publish(plugin.request(1));
  expect(plugin.views.builds).toBe(1);
});

it("spends the short waits on calls that wait, not on those that queue", async () => {
  const calls = Array.from({ length: 50 }, async () => codeOf(plugin.publish(plugin.request(1))));
  await plugin.clock.advance(10_000);
  expect(new Set(await Promise.all(calls))).toEqual(new Set(["StillFetching"]));
  expect(plugin.work.attemptsOf(volumeId(1))).toBe(1);
});
