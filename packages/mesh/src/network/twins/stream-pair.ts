import type { Stream } from "@libp2p/interface";
import type { Encryption } from "../node/libp2p-node.ts";
import { startTestPair } from "./test-mesh.ts";

/** Both ends of a real stream between two nodes. */
export interface StreamPair {
  /** The opening side. */
  readonly near: Stream;
  readonly far: Stream;
}

export interface StreamPairs extends AsyncDisposable {
  open(): Promise<StreamPair>;
}

const PROTOCOL = "/test/pair/1";

/**
 * Two nodes, and streams from one to the other on one connection.
 * @param onFar sees the far end before anything has arrived
 */
export async function startStreamPairs(
  onFar: (far: Stream) => void = () => undefined,
  encryption: Encryption = "tls",
): Promise<StreamPairs> {
  const arrivals: ((far: Stream) => void)[] = [];
  const mesh = await startTestPair({
    encryptions: [encryption],
    prepare: (node) =>
      node.handle(
        PROTOCOL,
        async (far, _peer, signal) => {
          onFar(far);
          arrivals.shift()?.(far);
          await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
        },
        { maxInboundStreams: 12 },
      ),
  });
  return {
    open: async () => {
      const { promise, resolve } = Promise.withResolvers<Stream>();
      arrivals.push(resolve);
      const { near: from, far: to } = mesh;
      const near = await from.node.openStream(to.node.peerId, PROTOCOL, new AbortController().signal);
      return { near, far: await promise };
    },
    [Symbol.asyncDispose]: () => mesh[Symbol.asyncDispose](),
  };
}
