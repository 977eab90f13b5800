import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { TestNode, type TestNodeInit, waitUntil } from "@niphas/testing";
import { afterEach, expect, it } from "vitest";

const running: AsyncDisposable[] = [];
afterEach(async () => {
  for (const each of running.splice(0).reverse()) await each[Symbol.asyncDispose]();
});

async function startNode(init?: TestNodeInit): Promise<TestNode> {
  const node = await TestNode.create("csi-smoke-", init);
  running.push(node);
  return node;
}

const SMALL = { name: "smoke", pathCount: 5, fileCount: 50 };

it("publishes a closure that must be fetched, serves exactly it, and takes it all away again", async () => {
  const node = await startNode();
  const closure = await node.addUpstream(SMALL);
  const volume = node.volume();

  expect(await node.publish(volume, closure.root)).toMatchObject({ code: "OK" });
  expect(await node.problemsOf(volume, closure)).toEqual([]);
  expect(readdirSync(join(volume.targetPath, ".roots"))).toHaveLength(1);
  expect(() => writeFileSync(join(volume.targetPath, "x"), "x")).toThrow(/EROFS/);

  const audits = () => node.plugin.logs.lines.filter((line) => line.includes('"audit":true'));
  // The log is written behind the answers.
  await waitUntil("the audit record", () => audits().length > 0);
  expect(audits()).toHaveLength(1);

  expect(await node.unpublish(volume)).toMatchObject({ code: "OK" });
  const { rootOwners, podMounts, targetDirs, helperProcesses } = node.audit();
  expect({ rootOwners, podMounts, targetDirs, helperProcesses }).toEqual({
    rootOwners: [],
    podMounts: [],
    targetDirs: [],
    helperProcesses: [],
  });
});

it("publishes a closure that is present with one mount and answers a repeat without doing anything", async () => {
  const node = await startNode();
  const closure = await node.addLocal(SMALL);
  const volume = node.volume();
  for (let n = 0; n < 3; n++) expect(await node.publish(volume, closure.root)).toMatchObject({ code: "OK" });
  expect(node.audit().podMounts).toEqual([volume.targetPath]);
  expect(await node.unpublish(volume)).toMatchObject({ code: "OK" });
});

it("ends on SIGTERM with exit code 0 and without its sockets, while the volume goes on", async () => {
  const node = await startNode();
  const closure = await node.addLocal(SMALL);
  const volume = node.volume();
  await node.publish(volume, closure.root);

  expect(await node.plugin.kill("SIGTERM")).toEqual({ code: 0, signal: null });
  expect(existsSync(node.plugin.socketPath)).toBe(false);
  expect(readdirSync(node.plugin.registrationDir)).toEqual([]);
  expect(await node.problemsOf(volume, closure)).toEqual([]);

  await node.plugin.start();
  expect(await node.publish(volume, closure.root)).toMatchObject({ code: "OK" });
  expect(node.audit().podMounts).toHaveLength(1);
  expect(await node.unpublish(volume)).toMatchObject({ code: "OK" });
});

it("serves /livez, /readyz and /metrics", async () => {
  const node = await startNode();
  for (const path of ["/livez", "/readyz"]) {
    expect(await (await fetch(`${node.plugin.healthUrl}${path}`)).text()).toBe("ok\n");
  }
  const metrics = await (await fetch(`${node.plugin.healthUrl}/metrics`)).text();
  expect(metrics).toContain('niphas_rpc_total{method="Probe",code="OK"}');
  expect(metrics).toContain("niphas_volumes 0");
  expect(metrics).toContain("niphas_gc_last_success_timestamp_seconds");
});
