import { readFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { freePort, waitUntil } from "@niphas/testing";
import { describe, expect, it } from "vitest";
import { cacheFiles, endlessNar, NAR, narInfos, trickle } from "./hostile-answers.ts";
import { MeshChild } from "./mesh-child.ts";
import { type NeighboursRig, neighboursRig } from "./neighbours-rig.ts";
import { endless, healthyPlan, type MeshScript, scriptedMesh } from "./scripted-mesh.ts";

const RESTARTED = ["with the mesh", "without"];
/** For tests of what the mesh can do, not of how long it may take: this machine may be busy. */
const ENDLESS = { limitMs: 120_000 };
/** One NAR that takes a while and flows before it is verified. */
const LARGE = { pathCount: 1, fileCount: 24, fileSizeBytes: 1_000_000 };

function expectRestarted(rig: NeighboursRig, url: string): void {
  expect(rig.starts(url)).toEqual(RESTARTED);
  expect(rig.lost).toHaveLength(1);
  expect(["lost", "failed"]).toContain(rig.losses[0]);
  expect(rig.pathCount()).toBe(rig.closure.paths.length);
  expect(rig.leftovers()).toEqual([]);
}

describe("a realisation with a mesh", () => {
  it("takes everything from the mesh, and tells what the mesh says", async () => {
    await using rig = await neighboursRig();
    await using mesh = await MeshChild.start(rig.node.cache.url, rig.node.source.publicKey);
    await rig.realise(mesh.url, ENDLESS);
    expect([rig.starts(mesh.url), rig.lost]).toEqual([["with the mesh"], []]);
    expect(rig.pathCount()).toBe(6);
    expect(rig.progress.at(-1)).toMatchObject({
      phase: "done",
      sources: [mesh.url],
      mesh: { totalPaths: 6, peers: 0 },
    });
    const totals = rig.progress.map(({ mesh: said }) => said?.totalBytes ?? 0);
    expect(Math.max(...totals)).toBe(rig.node.database.closureSize([rig.closure.root]).narSizeBytes);
  });

  it.each(["SIGKILL", "SIGSTOP"] as const)("goes on without it after %s in mid-transfer", async (signal) => {
    await using rig = await neighboursRig(LARGE);
    await using mesh = await MeshChild.start(rig.node.cache.url, rig.node.source.publicKey);
    rig.node.cache.setFaults({ path: NAR, bytesPerSecond: 2_000_000, times: 1 });
    const realised = rig.realise(mesh.url, signal === "SIGKILL" ? ENDLESS : { limitMs: 5_000 });
    await waitUntil("bytes of the NAR", () =>
      rig.progress.some(({ doneBytes, phase }) => phase === "fetching" && doneBytes > 0),
    );
    mesh.kill(signal);
    await realised;
    expectRestarted(rig, mesh.url);
  });

  it("is not given up for being as slow as upstream", async () => {
    await using rig = await neighboursRig({ ...LARGE, fileCount: 8 });
    await using mesh = await MeshChild.start(rig.node.cache.url, rig.node.source.publicKey);
    rig.node.cache.setFaults({ path: NAR, bytesPerSecond: 1_000_000 });
    await rig.realise(mesh.url, { limitMs: 5_000 });
    expect([rig.starts(mesh.url), rig.lost, rig.pathCount()]).toEqual([["with the mesh"], [], 1]);
  });

  it.each(["SIGKILL", "SIGSTOP"] as const)("does not start with one that got %s before", async (signal) => {
    await using rig = await neighboursRig();
    await using mesh = await MeshChild.start(rig.node.cache.url, rig.node.source.publicKey);
    mesh.kill(signal);
    await rig.realise(mesh.url);
    expect([rig.starts(mesh.url), rig.lost.length, rig.pathCount()]).toEqual([["without"], 1, 6]);
  });

  it("does without one that is not there", async () => {
    await using rig = await neighboursRig();
    const url = `http://127.0.0.1:${await freePort()}`;
    await rig.realise(url);
    expect([rig.starts(url), rig.losses, rig.pathCount()]).toEqual([["without"], ["unready"], 6]);
  });
});

describe("a mesh whose plan", () => {
  it.each<[string, MeshScript["plan"]]>([
    ["is refused", (response) => response.writeHead(503).end()],
    ["is no JSON", (response) => response.end("<html>\n")],
    ["is JSON of another kind", (response) => response.end('{"event":"progress","doneBytes":"many"}\n')],
    ["ends before it is ready", (response) => response.end('{"event":"failed","reason":"nobody has it"}\n')],
    ["never comes", () => undefined],
    ["is one endless line", (response) => endless(response)],
    ["is endless lines", (response) => endless(response, Buffer.from('{"event":"?"}\n'.repeat(1_000)))],
  ])("%s is not used", async (_name, plan) => {
    await using rig = await neighboursRig();
    await using mesh = await scriptedMesh({ plan });
    await rig.realise(mesh.url);
    expect([rig.starts(mesh.url), rig.lost.length, rig.pathCount()]).toEqual([["without"], 1, 6]);
    expect(rig.lost[0]).toMatch(/^the mesh /);
    expect(mesh.asked).toEqual(["/plan"]);
    expect(rig.leftovers()).toEqual([]);
  });
});

describe("a mesh whose plan is never ready", () => {
  it("is used when it answers Nix all the same", async () => {
    await using rig = await neighboursRig();
    await using mesh = await scriptedMesh({ plan: neverReady, file: cacheFiles(rig.node.cacheDir) });
    await rig.realise(mesh.url, { limitMs: 10_000 });
    expect([rig.starts(mesh.url), rig.lost, rig.pathCount()]).toEqual([["with the mesh"], [], 6]);
    expect(rig.node.cache.narRequestCount).toBe(0);
  });

  it("is given up when it does not", async () => {
    await using rig = await neighboursRig();
    await using mesh = await scriptedMesh({ plan: neverReady, file: () => undefined });
    await rig.realise(mesh.url);
    expectRestarted(rig, mesh.url);
  });
});

describe("a hostile mesh, in the best of health by its own words,", () => {
  const never = (): void => undefined;

  it.each<[string, MeshScript["file"]]>([
    ["that never answers for narinfos", narInfos(never)],
    ["whose narinfos are endless", narInfos((response) => endless(response))],
    ["whose narinfos trickle", narInfos((response) => trickle(response, Buffer.from("S")))],
  ])("%s is given up", async (_name, file = never) => {
    await using rig = await neighboursRig();
    await using mesh = await scriptedMesh({ plan: healthyPlan, file });
    await rig.realise(mesh.url);
    expectRestarted(rig, mesh.url);
  });

  it.each<[string, (response: ServerResponse) => void]>([
    ["answers nonsense for", (response) => response.end("nonsense")],
    ["fails on", (response) => response.writeHead(500).end()],
    ["breaks off", (response) => response.destroy()],
  ])("that %s narinfos is given up, or Nix passes it over", async (_name, then) => {
    await using rig = await neighboursRig();
    await using mesh = await scriptedMesh({ plan: healthyPlan, file: narInfos(then) });
    await rig.realise(mesh.url);
    expect([rig.pathCount(), rig.leftovers()]).toEqual([6, []]);
    expect([["with the mesh"], RESTARTED]).toContainEqual(rig.starts(mesh.url));
  });

  it("that says it has nothing costs nothing", async () => {
    await using rig = await neighboursRig();
    await using mesh = await scriptedMesh({ plan: healthyPlan });
    await rig.realise(mesh.url);
    expect([rig.starts(mesh.url), rig.lost, rig.pathCount()]).toEqual([["with the mesh"], [], 6]);
  });

  it.each<[string, (response: ServerResponse) => void]>([
    ["never comes", never],
    ["is nonsense without an end", (response) => endless(response)],
    ["is a file without an end", (response) => endlessNar(response)],
    [
      "breaks off",
      (response) => response.writeHead(200, { "content-length": "1000" }).write("x", () => response.destroy()),
    ],
  ])("and whose NAR %s is given up, or its substitute passed over", async (_name, serve) => {
    await using rig = await neighboursRig({ pathCount: 1 });
    const { cache, cacheDir } = rig.node;
    const file = cacheFiles(cacheDir, (_path, response) => serve(response));
    await using mesh = await scriptedMesh({ plan: healthyPlan, file });
    await rig.realise(mesh.url);
    expect(rig.pathCount()).toBe(1);
    expect(rig.leftovers()).toEqual([]);
    expect(mesh.asked.some((path) => NAR.test(path))).toBe(true);
    // Nix may have passed the mesh over and begun already when the plugin gives it up.
    expect([1, 2]).toContain(cache.narRequestCount);
    expect([["with the mesh"], RESTARTED]).toContainEqual(rig.starts(mesh.url));
  });

  it.each<[string, (response: ServerResponse, nar: Buffer) => void]>([
    ["comes a byte a second", (response, nar) => trickle(response, nar.subarray(0, 1), 1_000)],
    ["begins well and then trickles", (response, nar) => void response.write(nar.subarray(0, 2_000_000))],
    ["comes at 100 KB/s", (response, nar) => trickle(response, nar.subarray(0, 10_000), 100)],
    ["has wrong bytes at its end", (response, nar) => void response.end(spoilt(nar))],
  ])("and whose NAR %s is given up, and nothing of it is left", async (_name, serve) => {
    await using rig = await neighboursRig(LARGE);
    const { cacheDir } = rig.node;
    const file = cacheFiles(cacheDir, (path, response) => serve(response, readFileSync(`${cacheDir}${path}`)));
    await using mesh = await scriptedMesh({ plan: healthyPlan, file });
    await rig.realise(mesh.url);
    expectRestarted(rig, mesh.url);
  });

  it("that signs with a key of its own is passed over", async () => {
    await using rig = await neighboursRig();
    const file = narInfos(never);
    await using mesh = await scriptedMesh({
      plan: healthyPlan,
      file: (path, response) => {
        if (!path.endsWith(".narinfo")) return file(path, response);
        try {
          const text = readFileSync(`${rig.node.cacheDir}${path}`, "utf8");
          return void response.end(text.replace(/^Sig: .*\n/m, `Sig: evil-1:${"A".repeat(86)}==\n`));
        } catch {
          return void response.writeHead(404).end();
        }
      },
    });
    await rig.realise(mesh.url);
    expect(rig.pathCount()).toBe(6);
    expect(mesh.asked.filter((path) => NAR.test(path))).toEqual([]);
  });
});

/** Finds out one path after the other, for ever, by its own words. */
function neverReady(response: ServerResponse): void {
  healthyPlan(withoutReady(response));
}

function spoilt(nar: Buffer): Buffer {
  return Buffer.from(nar).fill(1, nar.length - 1_000, nar.length - 500);
}

function withoutReady(response: ServerResponse): ServerResponse {
  const write = response.write.bind(response);
  response.write = (chunk: string) => (chunk.includes("ready") ? true : write(chunk));
  return response;
}
