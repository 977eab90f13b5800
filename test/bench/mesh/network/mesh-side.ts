import { join } from "node:path";
import { peerIdFromPrivateKey } from "@libp2p/peer-id";
import { loadPrivateKey } from "@niphas/mesh";
import { runCommand, TestStore, waitUntil } from "@niphas/testing";
import type { GuestProcess, MeshNode } from "../../../mesh/network/index.ts";
import type { Side, SideInit } from "./side.ts";

const PEER_PORT = 9_811;
const SUBSTITUTER = "127.0.0.1:9812";
/** The same on every node: it is their own. */
export const SUBSTITUTER_URL = `http://${SUBSTITUTER}`;
const HEALTH = "127.0.0.1:9813";
export const HEALTH_URL = `http://${HEALTH}`;
const READY_INTERVAL_MS = 100;
const ASK_READY = join(import.meta.dirname, "ask-ready.ts");

export interface MeshDaemonsInit extends SideInit {
  readonly bundleFile: string;
  /** Started at these nodes only. @default all */
  readonly nodes?: readonly MeshNode[];
}

/** False as long as the program has no command `mesh`. */
export async function hasMeshCommand(bundleFile: string): Promise<boolean> {
  const help = [process.execPath, bundleFile, "mesh", "--help"];
  return (await runCommand(help, { allowFailure: true })).exitCode === 0;
}

/** The mesh before upstream, on every node, used as the node plugin does: it is handed the root before Nix starts. */
export function meshSide(bundleFile: string): Side {
  return {
    name: "mesh",
    prepare: async (init) => {
      await startMeshDaemons({ ...init, bundleFile });
      return { substituters: [init.net.upstream.url], mesh: SUBSTITUTER_URL };
    },
  };
}

/** Starts `niphas mesh` and waits until each is ready. All nodes are members, whether theirs runs or not. */
export async function startMeshDaemons(init: MeshDaemonsInit): Promise<ReadonlyMap<MeshNode, GuestProcess>> {
  const { net, signal, nodes = net.nodes } = init;
  const members = await Promise.all(net.nodes.map((node) => memberText(node, signal)));
  // Opened as it is, so that cold nodes need an empty one.
  const scratchDir = net.directory.join("nix-scratch");
  for (const { store } of nodes) await TestStore.create(store.rootDir, { scratchDir });
  const start = async (node: MeshNode) => [node, await startDaemon(init, node, members)] as const;
  return new Map(await Promise.all(nodes.map(start)));
}

async function startDaemon(init: MeshDaemonsInit, node: MeshNode, members: readonly string[]): Promise<GuestProcess> {
  const { net, caches, bundleFile, signal } = init;
  const flags = {
    listen: `${node.address}:${PEER_PORT}`,
    substituter: SUBSTITUTER,
    store: node.store.rootDir,
    upstream: net.upstream.url,
    "trusted-public-key": caches.publicKey,
    members: `static:${members.join(",")}`,
    "state-dir": node.stateDir,
    "metrics-listen": HEALTH,
  };
  const args = Object.entries(flags).map(([name, value]) => `--${name}=${value}`);
  const daemon = await node.startDaemon([process.execPath, bundleFile, "mesh", ...args], { signal });
  const isReady = async (): Promise<boolean> => {
    signal.throwIfAborted();
    if (!daemon.isRunning) throw new Error(`niphas mesh ended: ${daemon.logs.tail()}`);
    const ask = [process.execPath, ASK_READY, `${HEALTH_URL}/readyz`];
    return (await node.run(ask, { signal, allowFailure: true })).exitCode === 0;
  };
  await waitUntil(`niphas mesh of ${node.name} to be ready`, isReady, { intervalMs: READY_INTERVAL_MS });
  return daemon;
}

/** The daemon finds the key that is made here, so that its peer id is known before it runs. */
async function memberText(node: MeshNode, signal: AbortSignal): Promise<string> {
  const key = await loadPrivateKey(node.stateDir, signal);
  return `${peerIdFromPrivateKey(key).toString()}@${node.address}:${PEER_PORT}`;
}
