import { generateKeyPair } from "@libp2p/crypto/keys";
import type { PrivateKey } from "@libp2p/interface";
import { peerIdFromPrivateKey } from "@libp2p/peer-id";
import { MemoryMembership } from "../../membership/twins/memory-membership.ts";
import type { Member } from "../../ports.ts";
import type { TrustGroup } from "../admission/trust-group.ts";
import { peerIdText } from "../identity/peer-id.ts";
import type { Encryption } from "../node/libp2p-node.ts";
import { MeshNode, type MeshNodeInit } from "../node/mesh-node.ts";

export const OPEN_GROUP: TrustGroup = { name: "test", secret: undefined };

export interface TestNodeInit {
  readonly trustGroup?: TrustGroup;
  readonly encryptions?: readonly Encryption[];
  readonly privateKey?: PrivateKey;
  /** @default any free port */
  readonly port?: number;
  readonly connections?: MeshNodeInit["connections"];
  /** Before the node listens. */
  readonly prepare?: (node: MeshNode) => Promise<void>;
}

/** A real node on the loopback interface. */
export interface TestNode extends AsyncDisposable {
  readonly node: MeshNode;
  readonly membership: MemoryMembership;
  /** As others know it. */
  readonly member: Member;
}

export async function startTestNode(init: TestNodeInit = {}): Promise<TestNode> {
  const privateKey = init.privateKey ?? (await generateKeyPair("Ed25519"));
  const membership = new MemoryMembership({ self: peerIdText(peerIdFromPrivateKey(privateKey)) });
  const node = await MeshNode.create({
    privateKey,
    listen: { host: "127.0.0.1", port: init.port ?? 0 },
    membership,
    trustGroup: init.trustGroup ?? OPEN_GROUP,
    ...(init.encryptions === undefined ? {} : { encryptions: init.encryptions }),
    ...(init.connections === undefined ? {} : { connections: init.connections }),
  });
  await init.prepare?.(node);
  await node.start();
  const member: Member = { peerId: node.peerId, host: "127.0.0.1", port: node.port ?? 0, zone: undefined };
  return { node, membership, member, [Symbol.asyncDispose]: () => node.stop() };
}

/** Makes each node a member for each other one. */
export function introduce(nodes: readonly TestNode[]): void {
  for (const { membership } of nodes) membership.set(nodes.map(({ member }) => member));
}

/** Nodes that know each other; disposing stops them. */
export async function startTestMesh(inits: readonly TestNodeInit[]): Promise<TestMesh> {
  const stack = new AsyncDisposableStack();
  const nodes: TestNode[] = [];
  for (const init of inits) nodes.push(stack.use(await startTestNode(init)));
  introduce(nodes);
  return { nodes, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

/** Two nodes that know each other, the near one without anything of its own. */
export async function startTestPair(far: TestNodeInit): Promise<TestPair> {
  const mesh = await startTestMesh([{}, far]);
  const [first, second] = mesh.nodes;
  if (first === undefined || second === undefined) throw new Error("two nodes were started");
  return { near: first, far: second, [Symbol.asyncDispose]: () => mesh[Symbol.asyncDispose]() };
}

export interface TestPair extends AsyncDisposable {
  readonly near: TestNode;
  readonly far: TestNode;
}

export interface TestMesh extends AsyncDisposable {
  readonly nodes: readonly TestNode[];
}
