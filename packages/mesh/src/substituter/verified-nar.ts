import { createHash } from "node:crypto";
import { type NarInfo, NiphasError, narHashBytes } from "@niphas/core";
import type { ByteRange } from "../ports.ts";

export interface VerifiedNarInit {
  /** Up to this size nothing is given away before all of it is verified. @default 16 MiB */
  readonly wholeUpToBytes?: number;
  /** Unless it takes longer, so that Nix does not take the mesh for dead. @default 700 */
  readonly holdBackMs?: number;
  /** What is held back of a larger or slower one until then. @default 64 KiB */
  readonly withheldBytes?: number;
}

const DEFAULT_WHOLE_UP_TO_BYTES = 16 * 1024 * 1024;
const DEFAULT_HOLD_BACK_MS = 700;
const DEFAULT_WITHHELD_BYTES = 64 * 1024;

/**
 * A range of a NAR of which all bytes come by. The end of the range is given away only after the whole has its signed
 * size and hash.
 * @param nar from its first byte on
 * @throws NiphasError BadBytes in place of the end
 */
export async function* verifiedNar(
  nar: AsyncIterable<Uint8Array>,
  signed: Pick<NarInfo, "path" | "narHash" | "narSizeBytes">,
  range: ByteRange,
  init: VerifiedNarInit = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const { wholeUpToBytes = DEFAULT_WHOLE_UP_TO_BYTES, withheldBytes = DEFAULT_WITHHELD_BYTES } = init;
  const flowsFromMs = performance.now() + (init.holdBackMs ?? DEFAULT_HOLD_BACK_MS);
  const mayFlow = (): boolean => signed.narSizeBytes > wholeUpToBytes || performance.now() > flowsFromMs;
  const hash = createHash("sha256");
  const held: Uint8Array[] = [];
  let heldBytes = 0;
  let position = 0;
  for await (const chunk of nar) {
    hash.update(chunk);
    const wanted = overlap(chunk, position, range);
    position += chunk.length;
    if (position > signed.narSizeBytes) throw bad(signed, "longer than signed");
    if (wanted.length > 0) held.push(wanted);
    heldBytes += wanted.length;
    while (mayFlow() && heldBytes - (held[0]?.length ?? 0) >= withheldBytes) {
      const oldest = held.shift();
      if (oldest === undefined) break;
      heldBytes -= oldest.length;
      yield oldest;
    }
  }
  if (position < signed.narSizeBytes) throw bad(signed, "shorter than signed");
  if (!hash.digest().equals(narHashBytes(signed.narHash))) throw bad(signed, "not the one that was signed");
  yield* held;
}

/** The part of a chunk at `position` that lies in the range. */
function overlap(chunk: Uint8Array, position: number, { start, end }: ByteRange): Uint8Array {
  const from = Math.min(Math.max(start - position, 0), chunk.length);
  return chunk.subarray(from, Math.max(from, Math.min(end - position, chunk.length)));
}

function bad({ path }: Pick<NarInfo, "path">, what: string): NiphasError {
  return new NiphasError("BadBytes", `the NAR of ${path} is ${what}`);
}
