import { mkdirSync, readFileSync } from "node:fs";
import { ControllerShim, csiSanityBinary, needs, parseJunitReport, runCommand, TestNode } from "@niphas/testing";
import { beforeEach, expect, it } from "vitest";
import { EXPECTED_SKIPS } from "./expected-skips.ts";

beforeEach((context) => needs(context, "root", "private mount namespace", "nix-store", "csi-sanity"));

it("csi-sanity passes, with volumes really published and unpublished", async () => {
  await using node = await TestNode.create("sanity");
  const closure = await node.addLocal({ name: "sanity", pathCount: 5, fileCount: 20 });
  const socketPath = node.directory.join("shim.sock");
  await using _shim = await ControllerShim.start({
    pluginSocket: node.plugin.socketPath,
    socketPath,
    attributes: { storePath: closure.root },
  });
  const sanityDir = `${node.plugin.kubeletDir}/pods/sanity`;
  mkdirSync(sanityDir);
  const report = node.directory.join("junit.xml");
  const run = await runCommand(
    [
      csiSanityBinary() ?? "",
      `--csi.endpoint=unix://${socketPath}`,
      `--csi.mountdir=${sanityDir}/mount`,
      `--csi.stagingdir=${sanityDir}/staging`,
      `--ginkgo.junit-report=${report}`,
      "--ginkgo.no-color",
    ],
    { allowFailure: true, timeoutMs: 240_000 },
  );
  const results = parseJunitReport(readFileSync(report, "utf8"));
  const skipped = results.filter((result) => result.status === "skipped").map((result) => result.name);
  for (const name of skipped) console.log(`skipped ${name}: ${EXPECTED_SKIPS.get(name) ?? "UNEXPECTED"}`);

  expect(results.filter((result) => result.status === "failed").map((result) => result.name)).toEqual([]);
  expect(run.exitCode, run.stdout.slice(-3000)).toBe(0);
  expect(skipped.filter((name) => !EXPECTED_SKIPS.has(name))).toEqual([]);
  expect([...EXPECTED_SKIPS.keys()].filter((name) => !skipped.includes(name))).toEqual([]);
  expect(node.audit()).toMatchObject({ rootOwners: [], podMounts: [], targetDirs: [] });
});
