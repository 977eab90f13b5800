import { yamux } from "@chainsafe/libp2p-yamux";
import type { MessageStream, StreamMuxerFactory } from "@libp2p/interface";
import { buffersPassed } from "@niphas/service";
import { MUXER_LIMITS } from "../limits.ts";
import { FairSending } from "./fair-sending.ts";
import { FrameGuard } from "./frame-guard.ts";
import { guardStream } from "./stream-guard.ts";
import { grantInSteps } from "./window-steps.ts";

type YamuxFactory = ReturnType<ReturnType<typeof yamux>>;
export type YamuxMuxer = ReturnType<YamuxFactory["createStreamMuxer"]>;

/**
 * Yamux with our limits, and guards where it has none.
 * @param below the plain connection under an encrypted one
 * @param onMuxer called with the plain connection and the muxer that is made for it
 */
export function guardedYamux(
  below: (connection: MessageStream) => MessageStream | undefined,
  onMuxer: (connection: MessageStream, muxer: YamuxMuxer) => void,
): () => StreamMuxerFactory {
  return () => {
    const factory = yamux(YAMUX_OPTIONS)();
    const createStreamMuxer = factory.createStreamMuxer.bind(factory);
    factory.createStreamMuxer = (connection) => {
      const plain = below(connection) ?? connection;
      const layers = [connection, plain];
      for (const layer of layers) {
        layer.maxWriteBufferLength = MUXER_LIMITS.maxUnsentBytes;
        sendWhole(layer);
      }
      const muxer = guardMuxer(createStreamMuxer(connection), layers);
      onMuxer(plain, muxer);
      return muxer;
    };
    return factory;
  };
}

const YAMUX_OPTIONS = {
  maxInboundStreams: MUXER_LIMITS.maxInboundStreams,
  maxOutboundStreams: MUXER_LIMITS.maxOutboundStreams,
  maxEarlyStreams: MUXER_LIMITS.maxEarlyStreams,
  // The RPC stream has a heartbeat that ends dead connections; yamux' pings do not. One at the start measures the delay.
  keepAliveInterval: 240_000,
  streamOptions: {
    initialStreamWindowSize: MUXER_LIMITS.initialStreamWindowBytes,
    maxStreamWindowSize: MUXER_LIMITS.maxStreamWindowBytes,
    maxReadBufferLength: MUXER_LIMITS.maxReadBufferBytes,
  },
};

/** What is sent at once in one piece: libp2p makes a record, a write of the kernel's and callbacks of each. */
function sendWhole(layer: MessageStream): void {
  const send = layer.send.bind(layer);
  layer.send = (data) => {
    buffersPassed(data.byteLength);
    return send(data instanceof Uint8Array ? data : data.subarray());
  };
}

function guardMuxer(muxer: YamuxMuxer, layers: readonly MessageStream[]): YamuxMuxer {
  const guard = new FrameGuard();
  const sending = new FairSending(layers, () => muxer.streams);
  const onData = muxer.onData.bind(muxer);
  muxer.onData = (data) => {
    for (const piece of data instanceof Uint8Array ? [data] : data) guard.check(piece);
    buffersPassed(data.byteLength);
    onData(data);
  };
  const onRemoteStream = muxer.onRemoteStream.bind(muxer);
  muxer.onRemoteStream = (stream) => {
    guardStream(stream);
    grantInSteps(stream);
    sending.include(stream);
    onRemoteStream(stream);
  };
  const onCreateStream = muxer.onCreateStream.bind(muxer);
  muxer.onCreateStream = () => {
    const stream = onCreateStream();
    guardStream(stream);
    grantInSteps(stream);
    sending.include(stream);
    return stream;
  };
  return muxer;
}
