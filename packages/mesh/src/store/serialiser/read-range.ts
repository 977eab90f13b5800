import { closeSync, constants, openSync, readSync } from "node:fs";
import { type ByteString, type NarPlan, NiphasError } from "@niphas/core";
import type { ByteRange } from "../../ports.ts";
import { EntryPaths } from "./entry-paths.ts";

/** What is no regular file any more is neither followed nor waited for. */
const OPEN_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
/** Room to see that a file has grown. */
const PROBE_BYTES = 1;

/** Each has a buffer of its own, so that who has done with it can free it. */
const CHUNK_BYTES = 256 * 1024;

/** As {@link readRange}, in chunks. */
export function readChunks(root: ByteString, plan: NarPlan, range: ByteRange): readonly Uint8Array<ArrayBuffer>[] {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  for (let start = range.start; start < range.end; start += CHUNK_BYTES) {
    chunks.push(readRange(root, plan, { start, end: Math.min(start + CHUNK_BYTES, range.end) }));
  }
  return chunks;
}

/**
 * A range of the NAR of the tree at `root`, synchronously; nothing is left open. Belongs in a worker thread.
 * Throws system errors, and NiphasError BadBytes when a file has another size than in the plan.
 */
function readRange(root: ByteString, plan: NarPlan, range: ByteRange): Uint8Array<ArrayBuffer> {
  const length = range.end - range.start;
  const target = Buffer.allocUnsafeSlow(length + PROBE_BYTES);
  const paths = new EntryPaths(root, plan);
  const bytes = target.subarray(0, length);
  plan.fill(bytes, range.start, (entry, start, end, at) => {
    const probeBytes = end === plan.fileSizeBytes(entry) ? PROBE_BYTES : 0;
    readContents(paths.pathOf(entry), target, { start, end, at, probeBytes });
  });
  return bytes;
}

interface Contents {
  /** Of the file's bytes. */
  readonly start: number;
  readonly end: number;
  /** Where in the target they go. */
  readonly at: number;
  readonly probeBytes: number;
}

function readContents(path: string | Buffer, target: Buffer, { start, end, at, probeBytes }: Contents): void {
  const descriptor = openSync(path, OPEN_FLAGS);
  try {
    const length = end - start;
    let done = 0;
    while (done < length) {
      const count = readSync(descriptor, target, at + done, length + probeBytes - done, start + done);
      if (count === 0) break;
      done += count;
    }
    if (done !== length) throw new NiphasError("BadBytes", "a file of a store path has changed its size");
  } finally {
    closeSync(descriptor);
  }
}
