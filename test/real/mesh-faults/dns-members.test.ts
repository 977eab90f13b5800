import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { StatusReport } from "@niphas/mesh";
import { type TemporaryDirectory, TestStore, temporaryDirectory, waitUntil } from "@niphas/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  ClosureCaches,
  type GuestProcess,
  MeshNetwork,
  type MeshNode,
  missingForMeshNetwork,
} from "../../mesh/network/index.ts";
import { niphasCommand } from "../mesh-daemon/mesh-daemon.ts";
import { needsMeshNetwork, never } from "../mesh-network/support.ts";
import type { DnsConduct } from "./dns/dns-answers.ts";
import { isOneNix, needsOneNix } from "./once.ts";

const PORT = 9_811;
const SUBSTITUTER = "127.0.0.1:9812";
const DNS_SERVER = fileURLToPath(new URL("./dns/dns-server.ts", import.meta.url));
/** With a name server of its own; nothing of it is seen outside. */
const WITH_RESOLVER = 'mount --bind "$0" /etc/resolv.conf && exec "$@"';

const resources = new AsyncDisposableStack();
let directory: TemporaryDirectory;
let caches: ClosureCaches;
let net: MeshNetwork;
let second: GuestProcess;

beforeEach((test) => {
  needsOneNix(test);
  needsMeshNetwork(test);
});
beforeAll(async () => {
  if (!isOneNix || missingForMeshNetwork().length > 0) return;
  directory = resources.use(temporaryDirectory("mesh-dns"));
  caches = await ClosureCaches.create(directory.path, { name: "named", pathCount: 2, fileCount: 6 });
  net = resources.use(await MeshNetwork.start({ nodes: 2, cacheDir: await caches.cacheDir("none"), signal: never }));
  writeFileSync(directory.join("resolv.conf"), "nameserver 127.0.0.1\noptions timeout:1\n");
  writeFileSync(directory.join("secret"), "s".repeat(64), { mode: 0o600 });
  writeFileSync(directory.join("other-secret"), "o".repeat(64), { mode: 0o600 });
  says({ kind: "addresses", addresses: [] });
  for (const node of net.nodes) {
    const server = await node.startDaemon([process.execPath, DNS_SERVER, directory.join("dns.json")], {
      signal: never,
    });
    await waitUntil("the name server", () => server.logs.lines.includes("listening"));
    await TestStore.create(node.store.rootDir, { scratchDir: directory.join("nix-scratch") });
  }
  await startDaemon(net.node(1));
  second = await startDaemon(net.node(2));
});
afterAll(() => resources[Symbol.asyncDispose]());

function says(conduct: DnsConduct): void {
  writeFileSync(directory.join("dns.json.new"), JSON.stringify(conduct));
  renameSync(directory.join("dns.json.new"), directory.join("dns.json"));
}

async function startDaemon(
  node: MeshNode,
  { secret = "secret", stateDir = node.stateDir } = {},
): Promise<GuestProcess> {
  mkdirSync(stateDir, { recursive: true });
  const flags = {
    listen: `${node.address}:${PORT}`,
    substituter: SUBSTITUTER,
    store: node.store.rootDir,
    upstream: net.upstream.url,
    "trusted-public-key": caches.publicKey,
    members: "dns:mesh.example.org",
    "group-secret-file": directory.join(secret),
    "state-dir": stateDir,
    "metrics-listen": "off",
  };
  const args = Object.entries(flags).map(([name, value]) => `--${name}=${value}`);
  const resolver = ["unshare", "--mount", "--", "sh", "-c", WITH_RESOLVER, directory.join("resolv.conf")];
  const daemon = await node.startDaemon([...resolver, ...niphasCommand("mesh", ...args)], { signal: never });
  await waitUntil("the daemon to serve", () => {
    if (!daemon.isRunning) throw new Error(daemon.logs.tail());
    return daemon.logs.records.some(({ msg }) => msg === "serving");
  });
  return daemon;
}

async function ask(node: MeshNode, path: string): Promise<string> {
  const program = `fetch("http://${SUBSTITUTER}${path}").then(async (a) => console.log(a.status + " " + await a.text()))`;
  return (await node.run([process.execPath, "--eval", program])).stdout;
}

async function status(node: MeshNode): Promise<StatusReport> {
  return JSON.parse((await ask(node, "/status")).replace(/^200 /, ""));
}

async function connected(node: MeshNode): Promise<readonly string[]> {
  const { members } = await status(node);
  return members.filter(({ state }) => state === "connected").map(({ peerId }) => peerId);
}

const addresses = (...all: readonly string[]): DnsConduct => ({ kind: "addresses", addresses: all });

async function found(node: MeshNode): Promise<string> {
  return await waitUntil("the other one to be found", async () => (await connected(node))[0]);
}

describe("a name that tells of nobody", () => {
  it.each<[string, DnsConduct]>([
    ["is empty", { kind: "addresses", addresses: [] }],
    ["is answered with garbage", { kind: "garbage" }],
    ["is not answered", { kind: "silence" }],
  ])("M29: when it %s, a daemon says so, stays alive and is of use", async (_what, conduct) => {
    says(conduct);
    await waitUntil("the problem", async () => (await status(net.node(1))).membershipProblem);
    expect(await ask(net.node(1), `/${"0".repeat(32)}.narinfo`)).toMatch(/^404 /);
    expect(await ask(net.node(1), `/${caches.closure.root.slice(11, 43)}.narinfo`)).toMatch(/^200 /);
  });
});

describe("a name with a thousand addresses", () => {
  it("M29: leads to the one that is there, and holds nobody up", async () => {
    const dead = Array.from({ length: 998 }, (_, index) => `10.77.${1 + (index >> 8)}.${index & 255}`);
    says(addresses(...dead, net.node(1).address, net.node(2).address));
    await found(net.node(1));
    await found(net.node(2));
  });
});

describe("an address", () => {
  it("M16: that is taken from the name is cut off, and comes back with it", async () => {
    says(addresses(net.node(1).address));
    await waitUntil("it to be cut off", async () => (await connected(net.node(1))).length === 0);
    says(addresses(net.node(1).address, net.node(2).address));
    await found(net.node(1));
  });

  it("M27: where another machine is now is that machine's, and of no use to a stranger", async () => {
    const before = await found(net.node(1));
    await second.kill();
    const stranger = await startDaemon(net.node(2), { secret: "other-secret", stateDir: directory.join("stranger") });
    await waitUntil("the old one to be lost", async () => (await connected(net.node(1))).length === 0);
    await waitUntil("each to have refused the other", () =>
      stranger.logs.records.some(({ msg }) => msg.includes("not of our trust group")),
    );
    expect(await connected(net.node(1))).toEqual([]);
    await stranger.kill();
    await startDaemon(net.node(2), { stateDir: directory.join("another") });
    const after = await waitUntil("the new one to be found", async () => (await connected(net.node(1)))[0]);
    expect(after).not.toBe(before);
  });
});
