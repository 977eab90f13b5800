/**
 * Every bound of the network, each set on purpose. js-libp2p's defaults allow about 37 GiB of buffers; what these allow
 * is computed at the end.
 */

const KIB = 1024;
const MIB = 1024 * KIB;

export const CONNECTION_LIMITS = {
  /** Up to this many members each one has a connection to each other one; in larger meshes they connect when they talk. */
  eagerMembers: 256,
  /** With more members connected than this, those connections are closed that nobody has used lately, */
  keptConnections: 256,
  /** for so long, and no stream is open on them but those for questions. */
  idleConnectionMs: 60_000,
  trimIntervalMs: 10_000,
  /** Two for each member of a full mesh (both may have dialled at once), and room for strangers that are not yet refused. */
  maxConnections: 640,
  /** One that we dialled and one that the peer dialled; a newer one takes the place of an older one. */
  maxConnectionsPerPeer: 2,
  /** All members may come back at once after a rolling restart; libp2p's default of 10 would refuse most of them. */
  maxIncomingPendingConnections: 256,
  /** A second, from one address: behind one address may be a whole mesh (address translation, one machine's tests). */
  inboundConnectionThreshold: 64,
  /** As many as there are members of a full mesh: a dial that somebody waits for must not queue behind dead peers. */
  maxParallelDials: 256,
  /** A handshake costs about 20 ms of the processor; of too many at once none is done in time. */
  maxBackgroundDials: 8,
  maxDialQueueLength: 1024,
  /** What a dead peer costs, once. */
  dialTimeoutMs: 1_500,
  /** A member has one address. */
  maxPeerAddrsToDial: 1,
  /** A stranger may hold a pending connection this long. */
  inboundUpgradeTimeoutMs: 3_000,
  /** For a stream from opened to agreed protocol: what a peer that stands still costs. */
  protocolNegotiationTimeoutMs: 1_500,
  connectionCloseTimeoutMs: 500,
  /** Signs of life come more often, so silence of this length is death. */
  inactivityTimeoutMs: 300_000,
  /** Waiting to be accepted by the kernel. */
  listenBacklog: 512,
} as const;

/** What a connection may bring before its peer is known to be a member. TLS and Noise need less than 4 KiB. */
export const HANDSHAKE_BYTES = 32 * KIB;

/**
 * Of which TLS holds more for one who never ends it: a ClientHello of 131,396 bytes, the longest message that OpenSSL takes,
 * and a record.
 */
export const TLS_HANDSHAKE_BYTES = 160 * KIB;

/** https://github.com/hashicorp/yamux/blob/master/spec.md: version, type, flags (2), stream id (4), length (4). */
export const YAMUX_HEADER_BYTES = 12;

export const MUXER_LIMITS = {
  /** The largest from the start, as all members do: it would grow only where a round trip takes more than a millisecond. */
  initialStreamWindowBytes: 1 * MIB,
  /** With `pause()` a whole window may arrive unasked; 16 MiB, yamux's default, is past its own read buffer (reset). */
  maxStreamWindowBytes: 1 * MIB,
  /** Of a window that was used up, before the sender is told that there is room again. */
  windowStepBytes: 256 * KIB,
  /** Above the largest window, so that it never ends a stream that only waits. */
  maxReadBufferBytes: 2 * MIB,
  /** One RPC stream, NAR streams, and two being agreed on. */
  maxInboundStreams: 12,
  maxOutboundStreams: 12,
  /**
   * That we send: a piece of a NAR in one, since each frame costs both sides events, and the sender a write. See
   * FairSending: longer ones hold up other streams.
   */
  maxFrameBytes: 256 * KIB,
  /** Streams that come before the connection is set up. */
  maxEarlyStreams: 12,
  /** What a stream may bring before its protocol is agreed: two names. */
  negotiationBytes: 4 * KIB,
  /** Small pieces cost more memory than they bring; more than these waiting in one stream are an attack. */
  maxWaitingPieces: 1_024,
  /** Of one yamux frame: a frame may come in pieces, but not in single bytes. */
  minPieceBytes: 128,
  /** New streams and pings, which are answered also when the peer does not read. We keep streams and ping once in four minutes. */
  questions: { perSecond: 100, burst: 500 },
  /** Unsent bytes of a connection. Its streams have far fewer; what is answered at once comes on top. */
  maxUnsentBytes: 4 * MIB,
} as const;

export const STREAM_LIMITS = {
  /** A reader that holds this much asks for no more. */
  highWaterBytes: 256 * KIB,
  /** Added to the size of each piece that a reader holds: what the piece itself costs. */
  pieceOverheadBytes: 256,
  /** A writer does not add to a stream that has this much unsent. */
  maxUnsentBytes: 64 * KIB,
  /** A reader that takes nothing for this long has gone. */
  writeStallMs: 30_000,
} as const;

export const RPC_LIMITS = {
  maxFrameBytes: 1 * MIB,
  /** An answer is cut into parts of this size, so that short ones need not wait for long ones. */
  answerPartBytes: 64 * KIB,
  maxAnswerBytes: 16 * MIB,
  /** Requests on one stream: those we work on, and those we ask at once. */
  maxRequestsPerPeer: 8,
  /** Requests of all peers that we work on. */
  maxRequestsServed: 64,
  /** Requests of ours to all peers. */
  maxRequestsAsked: 256,
  /** Answers of all peers that are not complete yet. */
  maxPartialAnswerBytes: 64 * MIB,
  /** Our answers to all peers that are not sent yet. */
  maxUnsentAnswerBytes: 64 * MIB,
  /** A peer that sends nothing for this long while it owes an answer is taken for dead. */
  silenceMs: 1_500,
  /** For an answer as a whole. */
  defaultDeadlineMs: 10_000,
  maxDeadlineMs: 30_000,
  helloTimeoutMs: 1_500,
  /** A peer that did not open its stream is left alone this long, unless it connects anew. */
  openRetryMs: 2_000,
  /**
   * A stream on which nothing has come for so long is asked for a sign of life. Longer than the two minutes after which
   * summaries are asked for again, so that a full mesh at rest asks nothing else: each question costs both sides 1 ms.
   */
  quietMs: 150_000,
  /** Streams are looked at this often. One that is asked and gives no sign of life until the next time is dead. */
  heartbeatMs: 10_000,
} as const;

export const NAR_LIMITS = {
  /** Requests and answers are short. */
  maxFrameBytes: 4 * KIB,
  maxHints: 8,
  /** Of a NAR that is on its way to the answering side. */
  maxRanges: 128,
  /** Streams to one peer, and from one peer. */
  maxStreamsPerPeer: 8,
  /** Streams that all peers together may hold open to us. */
  maxInboundStreams: 256,
  /** Ranges that we read at once from all peers. */
  maxReads: 64,
  /** Streams kept open for the next request, for each peer. Opening one costs about 2 ms. */
  maxIdleStreamsPerPeer: 4,
  idleStreamMs: 30_000,
  /** Of the answering side: longer than the asking side keeps a stream. */
  requestTimeoutMs: 60_000,
  /** A source that stands still this long is given up. */
  stallMs: 2_000,
  /** Raw bytes are written in pieces of about this size, and read in pieces of at most this size. */
  chunkBytes: 256 * KIB,
} as const;

export interface MemoryBound {
  /** All that one member can make us hold, however evil. */
  readonly perPeerBytes: number;
  /** All that strangers can make us hold before they are refused. */
  readonly strangersBytes: number;
  /** Budgets that all peers share. */
  readonly sharedBytes: number;
  readonly totalBytes: number;
}

/** The buffers that `members` members and any number of strangers can fill if all of them are evil at once. */
export function memoryBound(members: number): MemoryBound {
  const perPeerBytes = CONNECTION_LIMITS.maxConnectionsPerPeer * connectionBytes();
  const strangersBytes = CONNECTION_LIMITS.maxIncomingPendingConnections * TLS_HANDSHAKE_BYTES;
  const sharedBytes =
    RPC_LIMITS.maxPartialAnswerBytes +
    RPC_LIMITS.maxUnsentAnswerBytes +
    NAR_LIMITS.maxReads * readingStreamBytes() +
    NAR_LIMITS.maxInboundStreams * (readingStreamBytes() + STREAM_LIMITS.maxUnsentBytes + NAR_LIMITS.chunkBytes);
  const peers = Math.min(members, CONNECTION_LIMITS.maxConnections / CONNECTION_LIMITS.maxConnectionsPerPeer);
  return { perPeerBytes, strangersBytes, sharedBytes, totalBytes: peers * perPeerBytes + strangersBytes + sharedBytes };
}

/** A window that arrives while the reader waits, what the reader holds, and what their pieces cost. */
function readingStreamBytes(): number {
  const pieces = MUXER_LIMITS.maxWaitingPieces * STREAM_LIMITS.pieceOverheadBytes;
  return MUXER_LIMITS.maxStreamWindowBytes + STREAM_LIMITS.highWaterBytes + pieces;
}

/** One yamux frame that is not complete, unsent bytes, two RPC streams with a frame each, and streams without protocol. */
function connectionBytes(): number {
  const frame = MUXER_LIMITS.maxStreamWindowBytes;
  const rpc = 2 * (readingStreamBytes() + RPC_LIMITS.maxFrameBytes);
  const unnamed = (MUXER_LIMITS.maxInboundStreams + MUXER_LIMITS.maxOutboundStreams) * MUXER_LIMITS.negotiationBytes;
  return frame + MUXER_LIMITS.maxUnsentBytes + rpc + unnamed;
}
