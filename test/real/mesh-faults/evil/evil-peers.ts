import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { peerIdFromPrivateKey } from "@libp2p/peer-id";
import type { StorePath } from "@niphas/core";
import {
  createLocalStore,
  createMembership,
  loadPrivateKey,
  MeshNode,
  type PeerPathInfo,
  parseMembers,
  parsePeerId,
} from "@niphas/mesh";
import { openStoreDatabase } from "@niphas/nix";
import { EvilPeer } from "./evil-peer.ts";
import type { EvilPeerPlan, EvilPlan } from "./evil-plan.ts";

/** `evil-peers.ts FILE`: the peers of an {@link EvilPlan}. Prints `ready`, and `asked NAME` and the like for what happens to them. */

/** One process cannot shake more hands at once than this in the time that a dial may take. */
const BATCH_PEERS = 32;
const BATCH_PAUSE_MS = 1_000;
/** As `niphas mesh` names it. */
const TRUST_GROUP = { name: "niphas", secret: undefined };

const plan: EvilPlan = JSON.parse(readFileSync(process.argv[2] ?? "", "utf8"));
const { signal } = new AbortController();
const location = { rootDir: plan.storeDir };
const store = createLocalStore({ database: openStoreDatabase(location) }, { store: location });
const victims = parseMembers(plan.members);

const closures = new Map<StorePath, Promise<readonly PeerPathInfo[]>>();

async function closureOf(root: StorePath | undefined): Promise<readonly PeerPathInfo[]> {
  if (root === undefined) return [];
  const closure = closures.get(root) ?? store.closure(root, signal);
  closures.set(root, closure);
  return await closure;
}

async function startPeer(peer: EvilPeerPlan): Promise<void> {
  const privateKey = await loadPrivateKey(peer.stateDir, signal);
  const self = parsePeerId(peerIdFromPrivateKey(privateKey).toString());
  const parts = {
    log: { info: () => undefined, warn: () => undefined },
    identifier: { identify: () => Promise.reject(new Error("nobody needs to be asked")) },
  };
  const init = { self, port: peer.port, hasGroupSecret: false, cluster: undefined };
  const membership = await createMembership(victims, parts, init);
  const listen = { host: "127.0.0.1", port: peer.port };
  const node = await MeshNode.create({ privateKey, listen, membership, trustGroup: TRUST_GROUP });
  const [infos, others] = [await closureOf(peer.root), await closureOf(plan.otherRoot)];
  const onEvent = (event: string): void => void process.stdout.write(`${event} ${peer.name}\n`);
  await new EvilPeer({ plan: peer, node, membership, infos, others, store, onEvent }).start();
}

// What attacks break on the attacker's own side is not what is tried.
process.on("uncaughtException", () => undefined);
for (let start = 0; start < plan.peers.length; start += BATCH_PEERS) {
  await Promise.all(plan.peers.slice(start, start + BATCH_PEERS).map(startPeer));
  if (start + BATCH_PEERS < plan.peers.length) await sleep(BATCH_PAUSE_MS);
}
process.stdout.write("ready\n");
