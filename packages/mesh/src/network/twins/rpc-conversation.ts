import type { Stream } from "@libp2p/interface";
import type { PeerId } from "../../ports.ts";
import type { RequestHandler } from "../rpc/request-kind.ts";
import { RPC_PROTOCOL } from "../rpc/rpc-channel.ts";
import { RpcPeers } from "../rpc/rpc-peers.ts";
import { RpcServer } from "../rpc/rpc-server.ts";
import { startTestPair, type TestNodeInit, type TestPair } from "./test-mesh.ts";

/** A node that asks, and one that answers. */
export interface Conversation extends AsyncDisposable {
  readonly mesh: TestPair;
  /** Of the node that asks. */
  readonly peers: RpcPeers;
  /** Who asks. */
  readonly self: PeerId;
  /** Who answers. */
  readonly peer: PeerId;
}

export async function converse(far: TestNodeInit): Promise<Conversation> {
  const mesh = await startTestPair(far);
  const peers = new RpcPeers(mesh.near.node);
  return {
    mesh,
    peers,
    self: mesh.near.node.peerId,
    peer: mesh.far.node.peerId,
    [Symbol.asyncDispose]: async () => {
      peers[Symbol.dispose]();
      await mesh[Symbol.asyncDispose]();
    },
  };
}

/** A node that answers these questions. */
export function serving(entries: Iterable<readonly [number, RequestHandler]>): TestNodeInit {
  const server = new RpcServer(new Map(entries));
  const prepare: TestNodeInit["prepare"] = (node) =>
    node.handle(RPC_PROTOCOL, (...stream) => server.serve(...stream), { maxInboundStreams: 1 });
  return { prepare };
}

/** A node that speaks for itself. */
export function speaking(speak: (stream: Stream, signal: AbortSignal) => Promise<void>): TestNodeInit {
  return {
    prepare: (node) => node.handle(RPC_PROTOCOL, (stream, _peer, end) => speak(stream, end), { maxInboundStreams: 1 }),
  };
}
