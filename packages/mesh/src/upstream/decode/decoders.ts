import { type Duplex, pipeline } from "node:stream";
import { constants, createBrotliDecompress, createGunzip, createZstdDecompress } from "node:zlib";
import { NiphasError } from "@niphas/core";
import { decodeXz, isXzInstalled } from "./xz.ts";

/** Undoes a compression as bytes come, with back-pressure. @throws NiphasError BadBytes, and what its input throws */
export type Decode = (
  input: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
) => AsyncGenerator<Uint8Array, void, undefined>;

const CHUNK_BYTES = 128 * 1024;
/** 128 MiB, the window of `zstd --ultra -22`: what a decoder can be made to hold. */
const MAX_WINDOW_LOG = 27;

const DECODERS: Readonly<Record<string, Decode>> = {
  none: async function* (input) {
    yield* input;
  },
  gzip: (input, signal) => through(input, createGunzip({ chunkSize: CHUNK_BYTES }), signal),
  br: (input, signal) => through(input, createBrotliDecompress({ chunkSize: CHUNK_BYTES }), signal),
  zstd: (input, signal) => through(input, zstdDecoder(), signal),
};

/** The decoder for Nix's name of a compression, or HTTP's of a content encoding; undefined when we have none. */
export function decoderOf(compression: string): Decode | undefined {
  if (compression === "xz" && isXzInstalled()) return decodeXz;
  const name = compression === "x-gzip" ? "gzip" : compression;
  return Object.hasOwn(DECODERS, name) ? DECODERS[name] : undefined;
}

function zstdDecoder(): Duplex {
  return createZstdDecompress({
    chunkSize: CHUNK_BYTES,
    params: { [constants.ZSTD_d_windowLogMax]: MAX_WINDOW_LOG },
  });
}

async function* through(input: AsyncIterable<Uint8Array>, decoder: Duplex, signal: AbortSignal) {
  // Its outcome is what reading the decoder throws.
  pipeline(input, decoder, () => undefined);
  const abort = (): void => void decoder.destroy(new Error("aborted"));
  signal.addEventListener("abort", abort, { once: true });
  try {
    signal.throwIfAborted();
    yield* decoder;
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof NiphasError) throw error;
    throw new NiphasError("BadBytes", "a compressed file cannot be decompressed", { cause: error });
  } finally {
    signal.removeEventListener("abort", abort);
    decoder.destroy();
  }
}
