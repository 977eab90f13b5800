import type { StatusReport } from "@niphas/mesh";
import { runCommand, type TestClosure, temporaryDirectory, waitUntil } from "@niphas/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { SUBSTITUTER_URL, startMeshDaemons } from "../../bench/mesh/network/mesh-side.ts";
import { ClosureCaches, MeshNetwork, missingForMeshNetwork } from "../../mesh/network/index.ts";
import { niphasCommand } from "../mesh-daemon/mesh-daemon.ts";
import { needsMeshNetwork, never } from "../mesh-network/support.ts";
import { isOneNix, needsOneNix } from "./once.ts";

const NODES = [1, 2, 3, 4];
const HALVES = [1, 2].flatMap((one) => [3, 4].map((other) => [one, other] as const));
const SHAPE = { pathCount: 12, fileCount: 60 };
/** A peer that is cut off in silence is tried again at least once a minute. */
const FOUND_AGAIN = { timeoutMs: 200_000, intervalMs: 500 };

const resources = new AsyncDisposableStack();
let caches: ClosureCaches;
let net: MeshNetwork;
let later: TestClosure;
let oneWay: TestClosure;

beforeEach((test) => {
  needsOneNix(test);
  needsMeshNetwork(test);
});
beforeAll(async () => {
  if (!isOneNix || missingForMeshNetwork().length > 0) return;
  const directory = resources.use(temporaryDirectory("mesh-partitions"));
  caches = await ClosureCaches.create(directory.path, { name: "divided", ...SHAPE });
  later = await caches.add({ name: "later", ...SHAPE });
  oneWay = await caches.add({ name: "one-way", ...SHAPE });
  const cacheDir = await caches.cacheDir("none");
  net = resources.use(await MeshNetwork.start({ nodes: NODES.length, cacheDir, signal: never }));
  const [, bundleFile = ""] = niphasCommand("mesh");
  await startMeshDaemons({ net, caches, signal: never, bundleFile });
  await allConnected();
});
afterAll(() => resources[Symbol.asyncDispose]());

async function statusOf(node: number): Promise<StatusReport> {
  const ask = `fetch("${SUBSTITUTER_URL}/status").then((answer) => answer.text()).then(console.log)`;
  const { stdout } = await net.node(node).run([process.execPath, "--eval", ask]);
  return JSON.parse(stdout);
}

async function connectedCount(node: number): Promise<number> {
  return (await statusOf(node)).members.filter(({ state }) => state === "connected").length;
}

async function allConnected(): Promise<void> {
  const isWhole = async (): Promise<boolean> => {
    const counts = await Promise.all(NODES.map(connectedCount));
    return counts.every((count) => count === NODES.length - 1);
  };
  await waitUntil("all nodes to be connected", isWhole, FOUND_AGAIN);
}

/** With the mesh alone: nobody else is there to save it. */
async function realise(node: number, closure: TestClosure): Promise<void> {
  const trust = { substituters: [SUBSTITUTER_URL], trustedPublicKeys: [caches.publicKey], signal: never };
  await net.node(node).realise(closure.root, trust);
  const verify = ["nix-store", "--store", net.node(node).store.rootDir, "--verify-path", ...closure.paths];
  await runCommand(verify);
}

const narRequests = (): number => net.upstream.requests().filter(({ path }) => path.startsWith("/nar/")).length;

describe("a mesh that falls into two halves in silence", () => {
  it("M23: goes on in both of them, with one copy from upstream each", async () => {
    for (const [one, other] of HALVES) await net.partition(one, other, never);
    await Promise.all(NODES.map((node) => realise(node, caches.closure)));
    expect(narRequests()).toBeLessThan(NODES.length * SHAPE.pathCount);
  });

  it("M23: is whole again by itself when the network is, and then needs no upstream", async () => {
    for (const [one, other] of HALVES) await net.heal(one, other, never);
    await realise(1, later);
    await allConnected();
    await net.partition(4, "upstream", never);
    await waitUntil("who has it to be known on the other side", async () => {
      const found = await realise(4, later).then(
        () => true,
        () => false,
      );
      return found;
    });
    await net.heal(4, "upstream", never);
  });
});

describe("a way that is open in one direction only", () => {
  it("M24: holds nobody up, and is used again when it is whole", async () => {
    await realise(2, oneWay);
    await net.cutOneWay(2, 1, never);
    await realise(1, oneWay);
    await realise(3, oneWay);
    await net.healOneWay(2, 1, never);
    await allConnected();
  });
});
