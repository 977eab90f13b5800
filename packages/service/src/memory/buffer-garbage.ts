import { collectGarbage } from "./collect-garbage.ts";

/** So few that what they leave stays far below what V8 begins to mark the whole heap for. */
const COLLECT_EVERY_BYTES = 8 * 1024 * 1024;

let passedBytes = 0;

/**
 * Tell this of bytes that go through the process in buffers. A buffer is a small object with much memory behind it: V8 sees
 * no young garbage to collect, but memory that grows, and for every few MiB that pass it marks the whole heap. That costs
 * three times what moving the bytes does. A collection of the young objects alone, a millisecond now and then, frees
 * them. Affects the whole process.
 */
export function buffersPassed(sizeBytes: number): void {
  passedBytes += sizeBytes;
  if (passedBytes < COLLECT_EVERY_BYTES) return;
  passedBytes = 0;
  collectGarbage("minor");
}
