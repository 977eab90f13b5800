import { existsSync } from "node:fs";
import { join } from "node:path";
import { FakeKubelet, needs, PluginProcess, TestNode, waitUntil } from "@niphas/testing";
import { beforeEach, expect, it } from "vitest";
import { bulky, expectPublished, MACHINE, mountIdOf, small, TRICKLE, twoPods } from "./support.ts";

beforeEach((context) => needs(context, ...MACHINE));

const ALLOWED_AT_SHUTDOWN = ["OK", "UNAVAILABLE", "CANCELLED"];

it("K15: SIGTERM with twenty publishes in flight ends in its grace time, with exit code 0 and nothing half made", async () => {
  await using node = await TestNode.create("k15", { plugin: { flags: { "shutdown-grace": "1s" } } });
  const [running, slow] = [await node.addLocal(small("k15")), await node.addUpstream(bulky("k15slow"))];
  node.cache.setFaults(TRICKLE);
  const published = node.volume();
  await node.publish(published, running.root);
  const mountId = mountIdOf(published);
  const calls = Array.from({ length: 20 }, async () => node.publish(node.volume(), slow.root));
  await waitUntil("the download", () => node.cache.narRequestCount > 0);
  expect(await node.plugin.kill("SIGTERM")).toEqual({ code: 0, signal: null });
  const codes = (await Promise.all(calls)).map((outcome) => outcome.code);
  expect(codes.filter((code) => !ALLOWED_AT_SHUTDOWN.includes(code))).toEqual([]);
  expect(existsSync(node.plugin.socketPath)).toBe(false);
  expect(existsSync(join(node.plugin.registrationDir, "csi.niphas.io-reg.sock"))).toBe(false);
  expect(node.audit().helperProcesses).toEqual([]);
  expect(mountIdOf(published)).toBe(mountId);
  expect(await node.problemsOf(published, running)).toEqual([]);
  await node.plugin.start();
  expectPublished(node, [published]);
});

it("K15: a second signal ends it at once", async () => {
  await using node = await TestNode.create("k15b", { plugin: { flags: { "shutdown-grace": "60s" } } });
  const slow = await node.addUpstream(bulky("k15b"));
  node.cache.setFaults({ path: /^\/nar\//, hang: true });
  const call = node.publish(node.volume(), slow.root);
  await waitUntil("the download", () => node.cache.narRequestCount > 0);
  process.kill(node.plugin.pid, "SIGTERM");
  await waitUntil("the plugin to stop being ready", async () => {
    const response = await fetch(`${node.plugin.healthUrl}/readyz`).catch(() => undefined);
    return response?.ok !== true;
  });
  await node.plugin.kill("SIGTERM");
  expect((await call).code).not.toBe("OK");
  await waitUntil("Nix to be gone", () => node.audit().helperProcesses.length === 0);
});

it("K16: while the plugin is down pods keep their volumes, and deletions complete when it is back", async () => {
  await using node = await TestNode.create("k16");
  const closure = await node.addLocal(small("k16"));
  await using kubelet = FakeKubelet.start({ kubeletDir: node.plugin.kubeletDir });
  await kubelet.registered();
  const [kept, deleted] = await twoPods(kubelet, closure);
  await node.plugin.kill("SIGTERM");
  expect(await node.problemsOf(kubelet.volume(kept, "nix"), closure)).toEqual([]);
  kubelet.deletePod(deleted);
  await waitUntil("a failed unmount", () => kubelet.events(deleted).some((event) => event.reason === "FailedUnMount"));
  await node.plugin.start();
  await kubelet.gone(deleted);
  expectPublished(node, [kubelet.volume(kept, "nix")]);
});

it("K17: after a kubelet restart volumes are taken over by id and path alone", async () => {
  await using node = await TestNode.create("k17");
  const closure = await node.addLocal(small("k17"));
  await using kubelet = FakeKubelet.start({ kubeletDir: node.plugin.kubeletDir });
  await kubelet.registered();
  const [kept, deleted] = await twoPods(kubelet, closure);
  const mountId = mountIdOf(kubelet.volume(kept, "nix"));
  await kubelet.crash();
  kubelet.deletePod(deleted);
  await kubelet.recover();
  await kubelet.mounted(kept);
  await kubelet.gone(deleted);
  expectPublished(node, [kubelet.volume(kept, "nix")]);
  expect(mountIdOf(kubelet.volume(kept, "nix"))).toBe(mountId);
});

it("K24: a stale socket is replaced, and a second instance on the same state refuses to start", async () => {
  await using node = await TestNode.create("k24");
  const closure = await node.addLocal(small("k24"));
  await node.plugin.kill("SIGKILL");
  expect(existsSync(node.plugin.socketPath)).toBe(true);
  await node.plugin.start();
  const init = { baseDir: node.directory.join("second"), stateDir: node.plugin.stateDir };
  await using second = await PluginProcess.create(init, { start: false });
  second.spawn();
  expect(await second.exited()).toEqual({ code: 5, signal: null });
  expect(second.logs.text).toMatch(/another|already|in use/i);
  expect(await node.publish(node.volume(), closure.root)).toMatchObject({ code: "OK" });
});

it("K26: a plugin that does not run fails Probe and /livez, and says afterwards how long it stood still", async () => {
  await using node = await TestNode.create("k26");
  process.kill(node.plugin.pid, "SIGSTOP");
  try {
    expect(await node.plugin.client.probe({ deadlineMs: 1000 })).toMatchObject({ code: "DEADLINE_EXCEEDED" });
    const livez = fetch(`${node.plugin.healthUrl}/livez`, { signal: AbortSignal.timeout(1000) });
    await expect(livez).rejects.toThrow();
  } finally {
    process.kill(node.plugin.pid, "SIGCONT");
  }
  const metrics = await (await fetch(`${node.plugin.healthUrl}/metrics`)).text();
  expect(Number(/^niphas_event_loop_lag_seconds\S* (\S+)$/m.exec(metrics)?.[1])).toBeGreaterThan(0);
  await waitUntil("the plugin to be alive", async () => (await fetch(`${node.plugin.healthUrl}/livez`)).ok);
});
