import { setTimeout as sleep } from "node:timers/promises";
import { decodeNix32, type StorePath, storePathHash } from "@niphas/core";
import {
  type ByteRange,
  CLOSURE,
  ClusterDiscovery,
  discoveryHandlers,
  HAVE,
  handler,
  type LocalStore,
  type Membership,
  MembershipViews,
  MemoryOwnPaths,
  type MeshNode,
  NAR_PROTOCOL,
  type PathHash,
  type PeerPathInfo,
  parsePathHash,
  RPC_PROTOCOL,
  RpcDiscoveryChannel,
  RpcPeers,
  RpcServer,
  type StreamHandler,
} from "@niphas/mesh";
import { SystemClock } from "@niphas/service";
import { AskedForNar, narRequests } from "./asked-for-nar.ts";
import { ATTACKS } from "./attacks.ts";
import { CLOSURE_CONDUCTS } from "./closure-conducts.ts";
import type { EvilPeerPlan } from "./evil-plan.ts";
import { NAR_CONDUCTS } from "./nar-conducts.ts";
import { RPC_CONDUCTS } from "./rpc-conducts.ts";

export interface EvilPeerInit {
  readonly plan: EvilPeerPlan;
  readonly node: MeshNode;
  readonly membership: Membership;
  /** The closure that it says it has, its root last or anywhere. */
  readonly infos: readonly PeerPathInfo[];
  readonly others: readonly PeerPathInfo[];
  readonly store: LocalStore;
  /** What has happened to it: it was `asked`, `given` bytes, `refused`, or has `tried`. */
  readonly onEvent: (event: string) => void;
}

const ATTACK_EVERY_MS = 10;
const MANY_STREAMS = { maxInboundStreams: 12 };

/** A member that is found like any other, and answers as its plan says. */
export class EvilPeer {
  readonly #init: EvilPeerInit;
  readonly #paths: ReadonlyMap<PathHash, PeerPathInfo>;

  constructor(init: EvilPeerInit) {
    this.#init = init;
    this.#paths = new Map(init.infos.map((info) => [hashOf(info.path), info]));
  }

  async start(): Promise<void> {
    const { node, membership, plan } = this.#init;
    const own = new MemoryOwnPaths();
    own.add(...this.#paths.keys());
    const peers = new RpcPeers(node);
    const self = { self: node.peerId };
    const views = new MembershipViews({ membership }, self);
    const channel = new RpcDiscoveryChannel(peers);
    const parts = { channel, paths: own, clock: new SystemClock(), random: Math.random, views, reachability: node };
    const discovery = new ClusterDiscovery(parts, self);
    const server = new RpcServer(new Map([...this.#answers(), ...discoveryHandlers(discovery)]));
    const honest: StreamHandler = (...stream) => server.serve(...stream);
    await node.handle(RPC_PROTOCOL, plan.rpc === undefined ? honest : RPC_CONDUCTS[plan.rpc], MANY_STREAMS);
    await node.handle(NAR_PROTOCOL, (...stream) => this.#serveNars(...stream), MANY_STREAMS);
    await node.start();
    if (plan.attack !== undefined) void this.#attack(ATTACKS[plan.attack]);
  }

  #answers() {
    const { infos, others, plan, onEvent } = this.#init;
    return [
      handler(CLOSURE, (_from, { path }) => {
        onEvent("asked");
        return this.#paths.has(path) ? CLOSURE_CONDUCTS[plan.closure ?? "honest"](infos, others) : undefined;
      }),
      handler(HAVE, (_from, paths) => paths.filter((path) => this.#paths.has(path))),
    ];
  }

  async #serveNars(...[stream, _peer, signal]: Parameters<StreamHandler>): Promise<void> {
    for await (const request of narRequests(stream)) {
      this.#init.onEvent("asked");
      const info = this.#paths.get(request.path);
      if (info === undefined) throw new Error("nobody asks for what this peer does not claim to have");
      const nar = (range: ByteRange): AsyncIterable<Uint8Array> => this.#init.store.nar(info.path, range, signal);
      await NAR_CONDUCTS[this.#init.plan.nar ?? "honest"](new AskedForNar({ stream, signal, request, nar }));
    }
  }

  /** Again and again, for as long as the process lives. */
  async #attack(attack: (typeof ATTACKS)[keyof typeof ATTACKS]): Promise<void> {
    const { node, membership, infos, plan, onEvent } = this.#init;
    const victim = membership.members()[0]?.peerId;
    const info = infos.find(({ path }) => path === plan.root);
    if (victim === undefined || info === undefined) throw new Error("an attack needs a victim and a path");
    const range = { start: 0, end: info.narSizeBytes };
    const target = { node, victim, request: { path: hashOf(info.path), narHash: info.narHash, range } };
    for (;;) {
      await attack(target).then(onEvent, () => onEvent("refused"));
      await sleep(ATTACK_EVERY_MS);
    }
  }
}

function hashOf(path: StorePath): PathHash {
  return parsePathHash(decodeNix32(storePathHash(path), 20));
}
