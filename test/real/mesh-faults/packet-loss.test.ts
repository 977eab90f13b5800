import type { StatusReport } from "@niphas/mesh";
import { runCommand, type TestClosure, temporaryDirectory, waitUntil } from "@niphas/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { SUBSTITUTER_URL, startMeshDaemons } from "../../bench/mesh/network/mesh-side.ts";
import { ClosureCaches, MeshNetwork, missingForMeshNetwork, missingForPacketLoss } from "../../mesh/network/index.ts";
import { niphasCommand } from "../mesh-daemon/mesh-daemon.ts";
import { needsMeshNetwork, never } from "../mesh-network/support.ts";
import { isOneNix, needsOneNix } from "./once.ts";

const [HOLDER, READER, POD] = [1, 2, 3];
const STATIONS = [HOLDER, READER, POD, "upstream"] as const;
const SHARES = [0.01, 0.05];
const SHAPE = { pathCount: 12, fileCount: 60, fileSizeBytes: 20_000 };
/** A lost beginning of a connection alone costs a second; this ends a test that has failed. */
const THROUGH_LOSS = { timeoutMs: 200_000, intervalMs: 500 };

const resources = new AsyncDisposableStack();
const closures = new Map<number, TestClosure>();
let missing: string | undefined;
let caches: ClosureCaches;
let net: MeshNetwork;

beforeEach((test) => {
  needsOneNix(test);
  needsMeshNetwork(test);
  if (missing !== undefined) test.skip(`it needs ${missing}`);
});
beforeAll(async () => {
  if (!isOneNix || missingForMeshNetwork().length > 0) return;
  missing = await missingForPacketLoss();
  if (missing !== undefined) return;
  const directory = resources.use(temporaryDirectory("mesh-loss"));
  caches = await ClosureCaches.create(directory.path, { name: "first", ...SHAPE });
  for (const share of SHARES) closures.set(share, await caches.add({ name: `lost-${share}`, ...SHAPE }));
  const cacheDir = await caches.cacheDir("none");
  net = resources.use(await MeshNetwork.start({ nodes: 3, cacheDir, signal: never }));
  const [, bundleFile = ""] = niphasCommand("mesh");
  await startMeshDaemons({ net, caches, signal: never, bundleFile });
});
afterAll(() => resources[Symbol.asyncDispose]());

async function losePackets(share: number): Promise<void> {
  await Promise.all(STATIONS.map((station) => net.losePackets(station, share, never)));
}

async function peerBytes(node: number): Promise<number> {
  const ask = `fetch("${SUBSTITUTER_URL}/status").then((answer) => answer.text()).then(console.log)`;
  const { stdout } = await net.node(node).run([process.execPath, "--eval", ask]);
  const { receivedBytes }: StatusReport = JSON.parse(stdout);
  return receivedBytes.peer + receivedBytes.zone + receivedBytes.local;
}

async function expectWhole(node: number, { paths }: TestClosure): Promise<void> {
  await runCommand(["nix-store", "--store", net.node(node).store.rootDir, "--verify-path", ...paths]);
}

/** With the mesh alone, which may be tried again. */
async function realise(node: number, { root }: TestClosure): Promise<void> {
  const trust = { substituters: [SUBSTITUTER_URL], trustedPublicKeys: [caches.publicKey], signal: never };
  const isRealised = () =>
    net
      .node(node)
      .realise(root, trust)
      .then(
        () => true,
        () => false,
      );
  await waitUntil("the mesh to give all", isRealised, THROUGH_LOSS);
}

/** As the node plugin does, once. */
async function startPod(node: number, { root }: TestClosure): Promise<void> {
  const sources = { substituters: [net.upstream.url], mesh: SUBSTITUTER_URL };
  await net.node(node).realise(root, { ...sources, trustedPublicKeys: [caches.publicKey], signal: never });
}

describe("a network that loses packets at random, everywhere and in each direction,", () => {
  it.each(
    SHARES,
  )("M24: a share of %s, keeps no member from giving what it has, and no pod from starting", async (share) => {
    const closure = closures.get(share);
    if (closure === undefined) throw new RangeError("each share has a closure");
    await realise(HOLDER, closure);
    const beforeBytes = await peerBytes(READER);
    await losePackets(share);
    await realise(READER, closure);
    await expectWhole(READER, closure);
    expect(await peerBytes(READER)).toBeGreaterThan(beforeBytes);
    await startPod(POD, closure);
    await expectWhole(POD, closure);
    await losePackets(0);
  });
});
