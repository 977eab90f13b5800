import { closeSync, constants, openSync, readSync } from "node:fs";
import { type ByteString, type NarPlan, type NarSegment, NiphasError } from "@niphas/core";
import type { ByteRange } from "../../ports.ts";
import { EntryPaths } from "./entry-paths.ts";

type Contents = Extract<NarSegment, { readonly kind: "contents" }>;

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
  let at = 0;
  for (const segment of plan.segments(range.start, range.end)) {
    if (segment.kind === "literal") {
      target.set(segment.bytes, at);
      at += segment.bytes.length;
    } else {
      const isLast = segment.end === plan.fileSizeBytes(segment.entry);
      readContents(paths.pathOf(segment.entry), segment, target.subarray(at), isLast);
      at += segment.end - segment.start;
    }
  }
  return target.subarray(0, length);
}

function readContents(path: string | Buffer, contents: Contents, target: Buffer, isLast: boolean): void {
  const length = contents.end - contents.start;
  const wanted = isLast ? length + PROBE_BYTES : length;
  const descriptor = openSync(path, OPEN_FLAGS);
  try {
    let done = 0;
    while (done < length) {
      const count = readSync(descriptor, target, done, wanted - done, contents.start + done);
      if (count === 0) break;
      done += count;
    }
    if (done !== length) throw new NiphasError("BadBytes", "a file of a store path has changed its size");
  } finally {
    closeSync(descriptor);
  }
}
