import { NiphasError } from "@niphas/core";

/** Larger than any page of objects: etcd keeps 1.5 MiB for each at most, and most have a few KiB. */
const MAX_BODY_BYTES = 256 * 1024 * 1024;
const MAX_LINE_BYTES = 16 * 1024 * 1024;

/** The whole body as text. @throws NiphasError ApiUnavailable when it is larger than anything sensible */
export async function readText(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of body) {
    sizeBytes += chunk.length;
    if (sizeBytes > MAX_BODY_BYTES) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** Lines without their ends, as they come; a last line without its end was cut off and is dropped. */
export async function* readLines(body: AsyncIterable<Buffer>): AsyncGenerator<string, void, undefined> {
  let parts: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of body) {
    let start = 0;
    for (let end = chunk.indexOf("\n"); end >= 0; end = chunk.indexOf("\n", start)) {
      parts.push(chunk.subarray(start, end));
      yield Buffer.concat(parts).toString("utf8");
      parts = [];
      sizeBytes = 0;
      start = end + 1;
    }
    sizeBytes += chunk.length - start;
    if (sizeBytes > MAX_LINE_BYTES) throw tooLarge();
    if (start < chunk.length) parts.push(chunk.subarray(start));
  }
}

function tooLarge(): NiphasError {
  return new NiphasError("ApiUnavailable", "the API server's answer is larger than any object can be");
}
