import { generateKeyPair } from "@libp2p/crypto/keys";
import type { PrivateKey } from "@libp2p/interface";
import type { Member } from "../../ports.ts";
import type { TrustGroup } from "../admission/trust-group.ts";
import type { Encryption } from "../node/libp2p-node.ts";
import { MeshNode } from "../node/mesh-node.ts";
import { MutableMembership } from "./mutable-membership.ts";

export const OPEN_GROUP: TrustGroup = { name: "test", secret: undefined };

export interface TestNodeInit {
  readonly trustGroup?: TrustGroup;
  readonly encryptions?: readonly Encryption[];
  readonly privateKey?: PrivateKey;
  /** @default any free port */
  readonly port?: number;
  /** Before the node listens. */
  readonly prepare?: (node: MeshNode) => Promise<void>;
}

/** A real node on the loopback interface. */
export interface TestNode extends AsyncDisposable {
  readonly node: MeshNode;
  readonly membership: MutableMembership;
  /** As others know it. */
  readonly member: Member;
}

export async function startTestNode(init: TestNodeInit = {}): Promise<TestNode> {
  const membership = new MutableMembership();
  const node = await MeshNode.create({
    privateKey: init.privateKey ?? (await generateKeyPair("Ed25519")),
    listen: { host: "127.0.0.1", port: init.port ?? 0 },
    membership,
    trustGroup: init.trustGroup ?? OPEN_GROUP,
    ...(init.encryptions === undefined ? {} : { encryptions: init.encryptions }),
  });
  await init.prepare?.(node);
  await node.start();
  const member: Member = { peerId: node.peerId, host: "127.0.0.1", port: node.port ?? 0, zone: undefined };
  return { node, membership, member, [Symbol.asyncDispose]: () => node.stop() };
}

/** Makes each node a member for each other one. */
export function introduce(nodes: readonly TestNode[]): void {
  for (const { node, membership } of nodes) {
    membership.set(nodes.map(({ member }) => member).filter(({ peerId }) => peerId !== node.peerId));
  }
}

/** Nodes that know each other; disposing stops them. */
export async function startTestMesh(inits: readonly TestNodeInit[]): Promise<TestMesh> {
  const stack = new AsyncDisposableStack();
  const nodes: TestNode[] = [];
  for (const init of inits) nodes.push(stack.use(await startTestNode(init)));
  introduce(nodes);
  return { nodes, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

export interface TestMesh extends AsyncDisposable {
  readonly nodes: readonly TestNode[];
}
