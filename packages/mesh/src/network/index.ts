export type { TrustGroup } from "./admission/trust-group.ts";
export { parsePeerId } from "./identity/peer-id.ts";
export { loadPrivateKey, PRIVATE_KEY_FILE } from "./identity/private-key.ts";
export { type MemoryBound, memoryBound } from "./limits.ts";
export { NarClient } from "./nars/nar-client.ts";
export { NAR_PROTOCOL, NarServer, type NarServerInit } from "./nars/nar-server.ts";
export type { UploadSource } from "./nars/upload-source.ts";
export type { Encryption } from "./node/libp2p-node.ts";
export { MeshNode, type MeshNodeInit, type StreamHandler } from "./node/mesh-node.ts";
export { CLOSURE, type ClosureQuestion, HAVE, MAX_CLOSURE_PATHS } from "./rpc/query-kinds.ts";
export {
  type Answerer,
  handler,
  type RequestHandler,
  type RequestHandlers,
  type RequestKind,
} from "./rpc/request-kind.ts";
export { RPC_PROTOCOL } from "./rpc/rpc-channel.ts";
export { discoveryHandlers, RpcDiscoveryChannel } from "./rpc/rpc-discovery-channel.ts";
export { RpcPeerQueries } from "./rpc/rpc-peer-queries.ts";
export { RpcPeers } from "./rpc/rpc-peers.ts";
export { RpcServer } from "./rpc/rpc-server.ts";
export { RpcWantChannel, wantHandler } from "./rpc/rpc-want-channel.ts";
export { frame } from "./streams/frames.ts";
export { parsePathHash } from "./wire/hashes.ts";
export { encodeNarAnswer, type NarRequest, parseNarRequest } from "./wire/nar-messages.ts";
