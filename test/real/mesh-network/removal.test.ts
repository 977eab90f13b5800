import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync } from "node:fs";
import { createInterface } from "node:readline";
import { temporaryDirectory, waitUntil } from "@niphas/testing";
import { beforeEach, describe, expect, it } from "vitest";
import { MeshNetwork } from "../../mesh/network/index.ts";
import { needsMeshNetwork, never, processesMarked, program } from "./support.ts";

const MARK = "NIPHAS_MESH_NETWORK_TEST";

beforeEach(needsMeshNetwork);

describe("a mesh network", () => {
  it("is gone with its processes and files when its owner is killed, frozen daemons too", async () => {
    const value = `${process.pid}-${performance.now()}`;
    const owner = spawn(process.execPath, [program("holder.ts")], {
      env: { ...process.env, [MARK]: value },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [directory]: string[] = await once(createInterface({ input: owner.stdout }), "line");
    expect(existsSync(directory ?? "")).toBe(true);
    expect(processesMarked(MARK, value).length).toBeGreaterThan(5);
    owner.kill("SIGKILL");
    await waitUntil("everything to be gone", () => processesMarked(MARK, value).length === 0);
    expect(existsSync(directory ?? "")).toBe(false);
  });

  it("leaves nothing when it is disposed of, children of daemons neither", async () => {
    await using cache = temporaryDirectory("mesh-network-cache");
    mkdirSync(cache.join("nar"));
    const net = await MeshNetwork.start({ nodes: 1, cacheDir: cache.path, signal: never });
    const script = "setsid sleep infinity & echo started; wait";
    const daemon = await net.node(1).startDaemon(["sh", "-c", script], { signal: never });
    await waitUntil("its child to be started", () => daemon.logs.lines.includes("started"));
    await net[Symbol.asyncDispose]();
    expect(daemon.isRunning).toBe(false);
    expect(existsSync(net.directory.path)).toBe(false);
  });

  it("is not half there when its start is given up", async () => {
    await using cache = temporaryDirectory("mesh-network-cache");
    const start = MeshNetwork.start({ nodes: 1, cacheDir: cache.path, signal: AbortSignal.abort(new Error("enough")) });
    await expect(start).rejects.toThrow();
  });
});
