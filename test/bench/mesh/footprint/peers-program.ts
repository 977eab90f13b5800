import { randomFillSync } from "node:crypto";
import { generateKeyPair } from "@libp2p/crypto/keys";
import {
  ClusterDiscovery,
  discoveryHandlers,
  type Member,
  type Membership,
  MembershipViews,
  MeshNode,
  type OwnPaths,
  type PathDigest,
  RPC_PROTOCOL,
  RpcDiscoveryChannel,
  RpcPeers,
  RpcServer,
} from "@niphas/mesh";
import { SystemClock } from "@niphas/service";
import { endWithParent } from "../../server-process.ts";
import type { PeersInit, PeersLine } from "./peers-init.ts";

/** Members of a mesh with all of discovery and nothing else, many in one process. Started with a {@link PeersInit}. */

const DIGEST_BYTES = 20;
/** As daemons without a group secret have it. */
const TRUST_GROUP = { name: "niphas", secret: undefined };
const noSubscription: Disposable = { [Symbol.dispose]: () => undefined };

function say(line: PeersLine): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

function fixedMembership(members: readonly Member[]): Membership {
  return { members: () => members, onChange: () => noSubscription, [Symbol.asyncDispose]: async () => undefined };
}

/** Made anew each time, so that thousands of them for each peer take no memory. */
function randomPaths(count: number): OwnPaths {
  function* digests(): Generator<PathDigest> {
    const digest = new Uint8Array(DIGEST_BYTES) as PathDigest;
    for (let index = 0; index < count; index++) yield randomFillSync(digest);
  }
  return { count, digests, onChange: () => noSubscription };
}

/** @param onTold called with who has got the peer's summary */
async function startPeer({ daemons, pathsPerPeer }: PeersInit, onTold: (who: string) => void): Promise<Member> {
  const membership = fixedMembership(daemons);
  const privateKey = await generateKeyPair("Ed25519");
  const listen = { host: "127.0.0.1", port: 0 };
  const node = await MeshNode.create({ privateKey, listen, membership, trustGroup: TRUST_GROUP });
  const { peerId } = node;
  const views = new MembershipViews({ membership }, { self: peerId });
  const channel = new RpcDiscoveryChannel(new RpcPeers(node));
  const paths = randomPaths(pathsPerPeer);
  const discovery = new ClusterDiscovery(
    { channel, paths, clock: new SystemClock(), random: Math.random, views, reachability: node },
    { self: peerId },
  );
  const handlers = discoveryHandlers({
    fetchSummary: (from, known) => {
      const answer = discovery.fetchSummary(from, known);
      if (answer.kind === "summary") onTold(`${from} ${peerId}`);
      return answer;
    },
    takeDelta: (from, delta) => discovery.takeDelta(from, delta),
    takeAnnouncement: (from, announcement) => discovery.takeAnnouncement(from, announcement),
    query: (from, digests) => discovery.query(from, digests),
  });
  const server = new RpcServer(new Map(handlers));
  await node.handle(RPC_PROTOCOL, (...stream) => server.serve(...stream), { maxInboundStreams: 1 });
  await node.start();
  return { peerId, host: listen.host, port: node.port ?? 0, zone: undefined };
}

const init: PeersInit = JSON.parse(process.argv[2] ?? "{}");
endWithParent();
const told = new Set<string>();
const onTold = (who: string): void => {
  told.add(who);
  if (told.size === init.peerCount * init.daemons.length) say({ kind: "told" });
};
const members: Member[] = [];
for (let index = 0; index < init.peerCount; index++) members.push(await startPeer(init, onTold));
say({ kind: "listening", members });
