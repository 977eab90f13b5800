import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { freePort, runCommand, temporaryDirectory, waitUntil } from "@niphas/testing";
import { describe, expect, it } from "vitest";
import { MeshDaemon, niphasCommand } from "./mesh-daemon.ts";
import { LARGE, meshRig } from "./mesh-rig.ts";

const NAR = /^\/nar\//;
/** Slow enough that somebody can interfere, for as long as the test wants. */
const SOMEBODY = "static:12D3KooWHTsSxeDwEXkttdQrux52hGMf5jsG3CgXAJep8AVCjv4n@127.0.0.1:9";
const SLOW = { path: NAR, bytesPerSecond: 400_000 };

describe("a closure that one machine has", () => {
  it.each(["none", "xz", "zstd"] as const)("comes from there and not from upstream (%s)", async (compression) => {
    await using mesh = await meshRig({ nodeCount: 2, compression });
    const [first, second] = [mesh.node(0), mesh.node(1)];
    await first.realise(mesh.closure.root);
    expect(mesh.upstream.narRequestCount).toBe(6);
    await mesh.known(second);
    mesh.upstream.clearLog();
    await second.realise(mesh.closure.root);
    expect(second.pathCount(mesh.closure.root)).toBe(6);
    await mesh.verify(second);
    expect(mesh.upstream.narRequestCount).toBe(0);
    const { receivedBytes } = await second.daemon.status();
    expect(receivedBytes).toMatchObject({ upstream: 0, local: 0, zone: 0 });
    expect(receivedBytes.peer).toBeGreaterThan(0);
    expect((await first.daemon.status()).sentBytes).toBe(receivedBytes.peer);
  });

  it("comes from there when upstream is gone, on one machine after the other", async () => {
    await using mesh = await meshRig({ nodeCount: 3, closure: { pathCount: 20 } });
    await mesh.node(0).realise(mesh.closure.root);
    await mesh.upstream[Symbol.asyncDispose]();
    await mesh.known(mesh.node(1));
    await mesh.node(1).realise(mesh.closure.root);
    await mesh.verify(mesh.node(1));
    await mesh.node(0).daemon.kill();
    await mesh.known(mesh.node(2));
    await mesh.node(2).realise(mesh.closure.root);
    await mesh.verify(mesh.node(2));
  });

  it("comes from upstream after all when that machine dies in the midst of it", async () => {
    await using mesh = await meshRig({ nodeCount: 2, closure: LARGE });
    const [first, second] = [mesh.node(0), mesh.node(1)];
    mesh.upstream.setFaults(SLOW);
    const lost = first.realise(mesh.closure.root).catch(() => "lost");
    await mesh.begun(first);
    const realised = second.realise(mesh.closure.root);
    await mesh.begun(second);
    await first.daemon.kill();
    expect(await lost).toBe("lost");
    mesh.upstream.setFaults();
    await realised;
    await mesh.verify(second);
    expect((await second.daemon.status()).receivedBytes.upstream).toBeGreaterThan(0);
  });
});

describe("machines that want the same closure at once", () => {
  it("all get it, also while one of them is killed", async () => {
    await using mesh = await meshRig({ nodeCount: 3, closure: LARGE });
    mesh.upstream.setFaults(SLOW);
    const killed = mesh
      .node(0)
      .realise(mesh.closure.root)
      .catch(() => "lost");
    const others = [mesh.node(1), mesh.node(2)];
    const realised = others.map((node) => node.realise(mesh.closure.root));
    await Promise.all(mesh.nodes.map(mesh.begun));
    await mesh.node(0).daemon.kill();
    expect(await killed).toBe("lost");
    mesh.upstream.setFaults();
    await Promise.all(realised);
    for (const node of others) await mesh.verify(node);
  });
});

describe("the end of a daemon", () => {
  it("by SIGTERM is clean, and leaves its key, its lock and an empty spool", async () => {
    await using mesh = await meshRig({ nodeCount: 2 });
    const { daemon } = mesh.node(0);
    await mesh.node(0).realise(mesh.closure.root);
    expect(await daemon.kill("SIGTERM")).toEqual({ code: 0, signal: null });
    expect(daemon.logs.records.map(({ msg }) => msg)).toContain("ended");
    expect(daemon.logs.records.filter(({ level }) => level > 40)).toEqual([]);
    expect(readdirSync(daemon.init.stateDir).sort()).toEqual(["lock.sqlite", "peer.key", "spool"]);
    expect(readdirSync(`${daemon.init.stateDir}/spool`)).toEqual([]);
  });

  it("lets a NAR that is on its way to Nix end, and answers 404 to everything new", async () => {
    await using mesh = await meshRig({ nodeCount: 1, closure: LARGE, flags: { "shutdown-grace": "200s" } });
    const { daemon } = mesh.node(0);
    mesh.upstream.setFaults(SLOW);
    const realised = mesh.node(0).realise(mesh.closure.root);
    await mesh.begun(mesh.node(0));
    daemon.signal("SIGTERM");
    await waitUntil("the end to begin", () => daemon.logs.records.some(({ msg }) => msg === "shutting down"));
    const late = await fetch(`${daemon.substituterUrl}/${mesh.rootHash}.narinfo`);
    expect(late.status).toBe(404);
    mesh.upstream.setFaults();
    await realised;
    await mesh.verify(mesh.node(0));
    expect(await daemon.exited()).toEqual({ code: 0, signal: null });
  });

  it("by SIGKILL leaves a spool, which the next start empties, and the same peer comes back", async () => {
    await using mesh = await meshRig({ nodeCount: 2 });
    const { daemon } = mesh.node(0);
    await daemon.kill();
    writeFileSync(`${daemon.init.stateDir}/spool/left-over`, "bytes");
    await daemon.start();
    expect(readdirSync(`${daemon.init.stateDir}/spool`)).toEqual([]);
    await waitUntil("the other to have found it again", async () => {
      const { members } = await mesh.node(1).daemon.status();
      return members.filter(({ state }) => state === "connected").length === 1;
    });
    await mesh.node(0).realise(mesh.closure.root);
  });

  it("is the start of no second one on the same state directory", async () => {
    await using mesh = await meshRig({ nodeCount: 1 });
    await using second = new MeshDaemon({ ...mesh.node(0).daemon.init, listenPort: 0 });
    second.spawn();
    expect((await second.exited()).code).toBe(5);
    expect(second.logs.text).toContain("another niphas mesh works on");
  });
});

describe("before there is a store", () => {
  it("Nix gets 404, and when there is one the daemon serves by itself", async () => {
    await using mesh = await meshRig({ nodeCount: 1 });
    const { init } = mesh.node(0).daemon;
    const storeRootDir = mesh.directory.join("later");
    const dirs = { stateDir: mesh.directory.join("other"), storeRootDir, listenPort: 0 };
    await using daemon = new MeshDaemon({ ...init, ...dirs });
    daemon.spawn();
    await waitUntil("it to wait", () => daemon.logs.records.some(({ msg }) => msg === "waiting for the store"));
    expect(existsSync(storeRootDir)).toBe(false);
    mkdirSync(storeRootDir);
    await runCommand(["nix-store", "--store", storeRootDir, "--init"]);
    await waitUntil("it to serve", () => daemon.logs.records.some(({ msg }) => msg === "serving"));
    expect((await fetch(`${daemon.healthUrl}/readyz`)).status).toBe(200);
  });
});

describe("questions of people", () => {
  it("are answered by niphas mesh status and niphas mesh why", async () => {
    await using mesh = await meshRig({ nodeCount: 2 });
    await mesh.node(0).realise(mesh.closure.root);
    const { daemon } = mesh.node(1);
    await mesh.known(mesh.node(1));
    const ask = async (...args: readonly string[]) => {
      const address = new URL(daemon.substituterUrl).host;
      return (await runCommand(niphasCommand("mesh", ...args, "--substituter", address))).stdout;
    };
    expect(await ask("status")).toMatch(/members +1, 1 connected/);
    expect(JSON.parse(await ask("status", "--json"))).toMatchObject({ discovery: "summaries", paths: 0 });
    for (const path of [mesh.closure.root, `${mesh.closure.root}/bin/app`]) {
      expect(await ask("why", path)).toContain("it can be had from 1 of the members");
    }
    expect(JSON.parse(await ask("why", mesh.rootHash, "--json"))).toMatchObject({
      hash: mesh.rootHash,
      isValidHere: false,
      holders: [{ hasIt: true, state: "connected" }],
      upstreams: [{ outcome: "found" }],
    });
    const { owners } = await daemon.why(mesh.rootHash);
    expect(owners.map(({ address }) => address).filter((address) => address === null)).toHaveLength(1);
    const unknown = await ask("why", "0".repeat(32));
    expect(unknown).toContain("no member has it, and no upstream gives it");
  });

  it("are told how to find the daemon where none answers", async () => {
    const command = niphasCommand("mesh", "status", "--substituter", `127.0.0.1:${await freePort()}`);
    const { exitCode, stderr } = await runCommand(command, { allowFailure: true });
    expect(stderr).toMatch(/no mesh daemon answers at 127\.0\.0\.1:\d+: .*--substituter or NIPHAS_MESH_SUBSTITUTER/);
    expect(exitCode).toBe(8);
  });

  it("by metrics are answered without the names of paths and peers", async () => {
    await using mesh = await meshRig({ nodeCount: 2 });
    await mesh.node(0).realise(mesh.closure.root);
    await mesh.known(mesh.node(1));
    await mesh.node(1).realise(mesh.closure.root);
    const text = await (await fetch(`${mesh.node(1).daemon.healthUrl}/metrics`)).text();
    expect(text).toMatch(/niphas_mesh_nar_bytes_total\{source="peer"\} [1-9]/);
    expect(text).toContain('niphas_mesh_nar_bytes_total{source="upstream"} 0');
    expect(text).toMatch(/niphas_mesh_requests_total\{request="narinfo",outcome="served"\} [1-9]/);
    expect(text).toContain("niphas_mesh_connected_peers 1");
    expect(text).not.toMatch(/[0-9a-z]{32}|12D3Koo/);
  });
});

describe("flags that cannot be used", () => {
  it.each([
    ["--members=everybody", "--members (NIPHAS_MESH_MEMBERS): must be static:"],
    ["--members=kubernetes", "--node-name (NIPHAS_MESH_NODE_NAME): is missing"],
    ["--listen=off", "--listen (NIPHAS_MESH_LISTEN): must be <address>:<port>"],
    ["--substituter=0.0.0.0:0", "--substituter: must be an address of this machine alone"],
    ["--upstream=ftp://cache", "--upstream (NIPHAS_MESH_UPSTREAM): "],
    ["--upload-slots=0", "--upload-slots (NIPHAS_MESH_UPLOAD_SLOTS): must be a whole number between 1 and 256"],
    [
      "--group-secret-file=/nonexistent",
      "--group-secret-file (NIPHAS_MESH_GROUP_SECRET_FILE): /nonexistent cannot be read",
    ],
    ["--netrc-file=relative", "--netrc-file (NIPHAS_MESH_NETRC_FILE): must be an absolute path"],
  ])("end it with exit code 2 and a sentence: %s", async (flag, sentence) => {
    await using directory = temporaryDirectory("mesh-flags");
    const usable = [`--members=${SOMEBODY}`, `--state-dir=${directory.path}`, "--substituter=127.0.0.1:0"];
    const args = [...usable.filter((each) => !each.startsWith(flag.split("=")[0] ?? "")), "--metrics-listen=off", flag];
    const { exitCode, stderr } = await runCommand(niphasCommand("mesh", ...args), { allowFailure: true });
    expect(stderr).toContain(sentence);
    expect(exitCode).toBe(2);
  });
});
