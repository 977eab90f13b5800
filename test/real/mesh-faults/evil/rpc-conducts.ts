import type { StreamHandler } from "@niphas/mesh";
import { forEver, send } from "./evil-stream.ts";

const CHUNK = Buffer.alloc(64 * 1024, 1);
const FRAME_OF_ANSWER = Buffer.from([0, 0, 0, 2, 0x08, 0x01]);

/** What a peer does on the stream of questions instead of answering them. */
export const RPC_CONDUCTS = {
  /** A length of nearly two gigabytes, and bytes for as long as somebody takes them. */
  giant: async (stream, _peer, signal) => {
    stream.send(Buffer.of(0x7f, 0xff, 0xff, 0xff));
    for (;;) await send(stream, CHUNK, signal);
  },
  /** Messages that nobody has asked for, without end. */
  babbling: async (stream, _peer, signal) => {
    for (;;) await send(stream, Buffer.concat(Array.from({ length: 1_000 }, () => FRAME_OF_ANSWER)), signal);
  },
  mute: async (_stream, _peer, signal) => await forEver(signal),
} as const satisfies Record<string, StreamHandler>;

export type RpcConductName = keyof typeof RPC_CONDUCTS;
