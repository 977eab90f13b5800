import { createHash, randomBytes } from "node:crypto";
import type { Stream } from "@libp2p/interface";
import type { ByteRange, NarAnswer, PeerId } from "../../ports.ts";
import { NAR_LIMITS } from "../limits.ts";
import { NarClient } from "../nars/nar-client.ts";
import { NAR_PROTOCOL, NarServer } from "../nars/nar-server.ts";
import type { UploadSource } from "../nars/upload-source.ts";
import type { NarRequest } from "../wire/nar-messages.ts";
import { somePathHash, somePathInfo } from "./path-infos.ts";
import { startTestPair, type TestNodeInit, type TestPair } from "./test-mesh.ts";

const MIB = 1024 * 1024;
const signal = new AbortController().signal;
export const NAR = randomBytes(12 * MIB);

export function requestFor(range: ByteRange = { start: 0, end: NAR.byteLength }): NarRequest {
  return { path: somePathHash(1), narHash: somePathInfo(1).narHash, range };
}

/** Counts what is open, and what was given out. */
export class MemorySource implements UploadSource {
  openBodies = 0;
  givenBytes = 0;
  streams = 0;
  readonly hinted: PeerId[] = [];
  readonly #pieceBytes: number;

  constructor(pieceBytes = 100_000) {
    this.#pieceBytes = pieceBytes;
  }

  async open(request: NarRequest): Promise<NarAnswer> {
    return { kind: "bytes", end: request.range.end, body: this.#body(request.range) };
  }

  hints(): readonly PeerId[] {
    return this.hinted;
  }

  async *#body({ start, end }: ByteRange): AsyncGenerator<Uint8Array> {
    this.openBodies++;
    try {
      for (let offset = start; offset < end; offset += this.#pieceBytes) {
        const piece = NAR.subarray(offset, Math.min(end, offset + this.#pieceBytes));
        this.givenBytes += piece.byteLength;
        yield piece;
      }
    } finally {
      this.openBodies--;
    }
  }
}

export interface Transfer extends AsyncDisposable {
  readonly mesh: TestPair;
  readonly client: NarClient;
  readonly peer: PeerId;
}

export async function startTransfer(far: TestNodeInit): Promise<Transfer> {
  const mesh = await startTestPair(far);
  const client = new NarClient(mesh.near.node);
  return {
    mesh,
    client,
    peer: mesh.far.node.peerId,
    [Symbol.asyncDispose]: async () => {
      client[Symbol.dispose]();
      await mesh[Symbol.asyncDispose]();
    },
  };
}

export function serving(source: UploadSource, uploadSlots = 8): TestNodeInit & { readonly server: NarServer } {
  const server = new NarServer({ source }, { uploadSlots });
  const prepare: TestNodeInit["prepare"] = (node) =>
    node.handle(
      NAR_PROTOCOL,
      (...stream) => {
        if (source instanceof MemorySource) source.streams++;
        return server.serve(...stream);
      },
      { maxInboundStreams: NAR_LIMITS.maxStreamsPerPeer },
    );
  return { prepare, server };
}

/** The other side answers for itself, after the request. */
export function speaking(speak: (stream: Stream) => Promise<void> | void): TestNodeInit {
  return {
    prepare: (node) =>
      node.handle(
        NAR_PROTOCOL,
        async (stream, _peer, end) => {
          stream.addEventListener("message", () => void speak(stream), { once: true });
          await new Promise<void>((resolve) => end.addEventListener("abort", () => resolve(), { once: true }));
        },
        { maxInboundStreams: NAR_LIMITS.maxStreamsPerPeer },
      ),
  };
}

export async function bodyOf(
  transfer: Transfer,
  request = requestFor(),
  end: AbortSignal = signal,
): Promise<AsyncIterable<Uint8Array>> {
  const answer = await transfer.client.read(transfer.peer, request, end);
  if (answer.kind !== "bytes") throw new Error(`bytes were expected: ${answer.kind}`);
  return answer.body;
}

export async function digestOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash("sha256");
  for await (const piece of body) hash.update(piece);
  return hash.digest("hex");
}

export function digest({ start, end }: ByteRange): string {
  return createHash("sha256").update(NAR.subarray(start, end)).digest("hex");
}
