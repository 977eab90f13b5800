import { NiphasError } from "@niphas/core";
import type { NarSource } from "@niphas/mesh";

/** A source whose first NAR breaks off after `afterBytes`. @param starts gets where each request begins */
export function cutOnce(nars: NarSource, afterBytes: number, starts: number[]): NarSource {
  async function* cut(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    let leftBytes = afterBytes;
    for await (const chunk of body) {
      leftBytes -= chunk.length;
      if (leftBytes < 0) throw new NiphasError("SubstituterUnavailable", "cut off on purpose");
      yield chunk;
    }
  }
  return {
    open: async (info, range, signal) => {
      const isFirst = starts.push(range.start) === 1;
      const body = await nars.open(info, range, signal);
      return isFirst ? cut(body) : body;
    },
    compressed: (...args) => nars.compressed(...args),
  };
}
