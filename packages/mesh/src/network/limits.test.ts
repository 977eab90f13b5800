import { describe, expect, it } from "vitest";
import { CONNECTION_LIMITS, MUXER_LIMITS, memoryBound, NAR_LIMITS, RPC_LIMITS, STREAM_LIMITS } from "./limits.ts";

const MIB = 1024 * 1024;

describe("the limits", () => {
  it("bound what peers can make us hold", () => {
    const bound = memoryBound(CONNECTION_LIMITS.eagerMembers);
    expect(bound.perPeerBytes).toBeLessThanOrEqual(24 * MIB);
    expect(bound.strangersBytes).toBeLessThanOrEqual(40 * MIB);
    expect(bound.sharedBytes).toBeLessThanOrEqual(768 * MIB);
    expect(bound.totalBytes).toBeLessThanOrEqual(7 * 1024 * MIB);
    expect(memoryBound(1_000_000).totalBytes).toBeLessThan(2 * bound.totalBytes);
  });

  it("let a paused stream hold a whole window without being reset", () => {
    expect(MUXER_LIMITS.maxReadBufferBytes).toBeGreaterThan(MUXER_LIMITS.maxStreamWindowBytes);
  });

  it("give each peer's streams room beside each other", () => {
    const ours = 1 + NAR_LIMITS.maxStreamsPerPeer;
    expect(MUXER_LIMITS.maxInboundStreams).toBeGreaterThan(ours);
    expect(MUXER_LIMITS.maxOutboundStreams).toBeGreaterThan(ours);
    expect(MUXER_LIMITS.maxUnsentBytes).toBeGreaterThan(
      ours * 2 * STREAM_LIMITS.maxUnsentBytes + RPC_LIMITS.maxFrameBytes,
    );
    expect(MUXER_LIMITS.maxUnsentBytes).toBeGreaterThan(ours * MUXER_LIMITS.maxFrameBytes + RPC_LIMITS.maxFrameBytes);
  });

  it("keep every connection of a full mesh, and close others before libp2p does", () => {
    expect(CONNECTION_LIMITS.keptConnections).toBeGreaterThanOrEqual(CONNECTION_LIMITS.eagerMembers);
    expect(CONNECTION_LIMITS.keptConnections).toBeLessThan(CONNECTION_LIMITS.maxConnections);
  });

  it("let connections live between two signs of life", () => {
    expect(CONNECTION_LIMITS.inactivityTimeoutMs).toBeGreaterThan(RPC_LIMITS.quietMs + 3 * RPC_LIMITS.heartbeatMs);
    expect(NAR_LIMITS.requestTimeoutMs).toBeGreaterThan(NAR_LIMITS.idleStreamMs);
  });
});
