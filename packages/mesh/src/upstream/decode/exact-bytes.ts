import { badBytes } from "../unavailable.ts";

/**
 * What is left of `input` after its first `skipBytes`, which must be exactly `sizeBytes`. A stream that has more is cut
 * at once, whatever it would still unfold to.
 * @throws NiphasError BadBytes when there is more or less
 */
export async function* exactBytes(
  input: AsyncIterable<Uint8Array>,
  init: { readonly name: string; readonly skipBytes: number; readonly sizeBytes: number },
): AsyncGenerator<Uint8Array, void, undefined> {
  let skipBytes = init.skipBytes;
  let leftBytes = init.sizeBytes;
  for await (const chunk of input) {
    const wanted = chunk.subarray(Math.min(skipBytes, chunk.length));
    skipBytes -= chunk.length - wanted.length;
    if (wanted.length > leftBytes) throw badBytes(init.name, "a NAR is longer than its signed size");
    leftBytes -= wanted.length;
    if (wanted.length > 0) yield wanted;
  }
  if (leftBytes > 0 || skipBytes > 0) throw badBytes(init.name, "a NAR is shorter than its signed size");
}
