import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { freePort, runCommand, temporaryDirectory, waitUntil } from "@niphas/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  ClosureCaches,
  type GuestProcess,
  MeshNetwork,
  type MeshNode,
  missingForMeshNetwork,
} from "../../mesh/network/index.ts";
import { needsMeshNetwork, never, program } from "./support.ts";

const UPSTREAM_MBIT = 50;
const NODE_MBIT = 400;
const ROUND_TRIP_MS = 40;
const PORT = 4_000;
/** Bursts and the clocks of two processes; a link that is not shaped is faster by far more. */
const TOLERANCE = 1.5;
const BITS_PER_BYTE = 8;

const resources = new AsyncDisposableStack();
let caches: ClosureCaches;
let net: MeshNetwork;

beforeAll(async () => {
  if (missingForMeshNetwork().length > 0) return;
  const directory = resources.use(temporaryDirectory("mesh-network-test"));
  const shape = { name: "shaped", pathCount: 40, fileCount: 160, fileSizeBytes: 32 * 1024 };
  caches = await ClosureCaches.create(directory.path, shape);
  net = resources.use(
    await MeshNetwork.start({
      nodes: 3,
      upstreamMbit: UPSTREAM_MBIT,
      nodeMbit: NODE_MBIT,
      upstreamRoundTripMs: ROUND_TRIP_MS,
      cacheDir: await caches.cacheDir("xz"),
      signal: never,
    }),
  );
});
afterAll(() => resources[Symbol.asyncDispose]());
beforeEach(needsMeshNetwork);

const node = (...args: readonly string[]): readonly string[] => [process.execPath, ...args];

async function startSink(where: MeshNode): Promise<GuestProcess> {
  const sink = await where.startDaemon(node(program("sink.ts"), String(PORT)), { signal: never });
  await waitUntil("the sink to listen", () => sink.logs.lines.includes("listening"));
  return sink;
}

async function reaches(from: MeshNode, address: string, port = PORT, bytes = 0): Promise<boolean> {
  const argv = node(program("probe.ts"), address, String(port), String(bytes));
  return (await from.run(argv, { allowFailure: true })).exitCode === 0;
}

describe("upstream", () => {
  it("gives a node the closure through Nix alone, not faster than its rate, and counts what it has sent", async () => {
    net.upstream.clearLog();
    const trust = { substituters: [net.upstream.url], trustedPublicKeys: [caches.publicKey], signal: never };
    const { elapsedMs } = await net.node(1).realise(caches.closure.root, trust);
    const fileBytes = await caches.fileBytes("xz");
    const requests = net.upstream.requests();
    expect(requests.filter(({ path }) => path.startsWith("/nar/"))).toHaveLength(caches.closure.paths.length);
    expect(requests.filter(({ path }) => path.endsWith(".narinfo")).length).toBeGreaterThanOrEqual(40);
    expect(net.upstream.bytesServed()).toBeGreaterThan(fileBytes);
    expect(net.upstream.bytesServed()).toBeLessThan(1.2 * fileBytes);
    expect(megabitsPerSecond(fileBytes, elapsedMs)).toBeLessThan(TOLERANCE * UPSTREAM_MBIT);
  });

  it("is a round trip away for each request, and another one for the connection", async () => {
    const url = `${net.upstream.url}/nix-cache-info`;
    const { stdout } = await net.node(1).run(node(program("ask-upstream.ts"), url, "5"));
    const [first = 0, ...others]: number[] = JSON.parse(stdout);
    expect(first).toBeGreaterThanOrEqual(2 * ROUND_TRIP_MS);
    expect(Math.min(...others)).toBeGreaterThanOrEqual(ROUND_TRIP_MS);
  });

  it("can go away and come back", async () => {
    const url = `${net.upstream.url}/nix-cache-info`;
    const ask = () => net.node(2).run(node(program("ask-upstream.ts"), url), { allowFailure: true });
    await net.upstream.stop();
    expect((await ask()).exitCode).not.toBe(0);
    await net.upstream.restart();
    expect((await ask()).exitCode).toBe(0);
  });
});

describe("a node", () => {
  it("sends to another one at the rate of their cables at most", async () => {
    const sink = await startSink(net.node(2));
    expect(await reaches(net.node(1), net.node(2).address, PORT, 24 * 2 ** 20)).toBe(true);
    await sink.exited();
    const { sizeBytes, elapsedMs }: Record<string, number> = JSON.parse(sink.logs.lines.at(-1) ?? "");
    expect(sizeBytes).toBe(24 * 2 ** 20);
    expect(megabitsPerSecond(Number(sizeBytes), Number(elapsedMs))).toBeLessThan(TOLERANCE * NODE_MBIT);
  });

  it("sees nothing but its own end of the network", async () => {
    const { stdout } = await net.node(1).run(["ip", "-brief", "link"]);
    expect(
      stdout
        .trim()
        .split("\n")
        .map((line) => line.split(/[@ ]/)[0]),
    ).toEqual(["lo", "eth0"]);
    const port = await freePort();
    const server = createServer().listen(port, "127.0.0.1");
    expect(await reaches(net.node(1), "127.0.0.1", port)).toBe(false);
    server.close();
  });

  it("is not seen from outside", async () => {
    expect((await runCommand(["ip", "-brief", "link"])).stdout).not.toMatch(/^node-\d|^nodes/m);
  });

  it("can be cut off from one other, and reaches it again afterwards", async () => {
    await using _sink = await startSink(net.node(2));
    await net.partition(1, 2, never);
    expect(await reaches(net.node(1), net.node(2).address)).toBe(false);
    expect(await reaches(net.node(2), net.upstream.url.replace("http://", ""), 80)).toBe(true);
    await net.heal(1, 2, never);
    expect(await reaches(net.node(1), net.node(2).address)).toBe(true);
  });
});

describe("a daemon of a node", () => {
  const ticks = "while :; do echo tick; sleep 0.02; done";

  it("stands still while it is frozen and goes on afterwards", async () => {
    await using daemon = await net.node(3).startDaemon(["sh", "-c", ticks], { signal: never });
    await waitUntil("a tick", () => daemon.logs.lines.length > 0);
    daemon.freeze();
    await waitUntil("it to be stopped", () => stateOf(daemon) === "T");
    daemon.thaw();
    const before = daemon.logs.lines.length;
    await waitUntil("more ticks", () => daemon.logs.lines.length > before + 2);
  });

  it("ends by the signal that it is sent", async () => {
    const script = 'trap "echo bye; exit 3" TERM; echo ready; while :; do sleep 0.02; done';
    const daemon = await net.node(3).startDaemon(["sh", "-c", script], { signal: never });
    await waitUntil("it to be ready", () => daemon.logs.lines.includes("ready"));
    expect(await daemon.kill("SIGTERM")).toEqual({ code: 3, signal: null });
    await daemon.exited();
    expect(daemon.logs.lines).toContain("bye");
  });

  it("dies when it is killed, frozen too, and with all others when its node is", async () => {
    const start = () => net.node(3).startDaemon(["sh", "-c", ticks], { signal: never });
    const daemons = [await start(), await start(), await start()] as const;
    daemons[0].freeze();
    expect(await daemons[0].kill()).toEqual({ code: null, signal: "SIGKILL" });
    daemons[1].freeze();
    await net.node(3).kill();
    expect(daemons.map((daemon) => daemon.isRunning)).toEqual([false, false, false]);
  });
});

function stateOf(daemon: GuestProcess): string | undefined {
  return /^State:\t(\w)/m.exec(readFileSync(`/proc/${daemon.pid}/status`, "utf8"))?.[1];
}

function megabitsPerSecond(sizeBytes: number, elapsedMs: number): number {
  return (sizeBytes * BITS_PER_BYTE) / elapsedMs / 1000;
}
