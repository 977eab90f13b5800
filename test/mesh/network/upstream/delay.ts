import { Transform } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";

/** A piece with the time from which it may go on. */
export interface Arrival {
  readonly chunk: Buffer;
  readonly dueMs: number;
}

/** Smaller pieces than the payload of one packet are requests, of which there are few. */
const PIECE_BYTES = 1_400;
/** Room for more than what is on its way at full rate, so that the delay never limits the rate. */
const ROOM_FACTOR = 4;
const MIN_PIECES = 64;
const BITS_PER_BYTE = 8;

/** How many pieces are on their way at once, at most. */
export function piecesInFlight(delayMs: number, megabitsPerSecond: number): number {
  const bytes = (megabitsPerSecond * 1000 * delayMs) / BITS_PER_BYTE;
  return Math.max(MIN_PIECES, Math.ceil((ROOM_FACTOR * bytes) / PIECE_BYTES));
}

/**
 * First stage of a delay: notes for each piece when it may go on. At most `pieces` wait; then the source is not read, as
 * when a window is full.
 */
export function stamp(delayMs: number, pieces: number): Transform {
  return new Transform({
    readableObjectMode: true,
    readableHighWaterMark: pieces,
    transform: (chunk: Buffer, _encoding, done) => done(null, { chunk, dueMs: performance.now() + delayMs }),
  });
}

/** Second stage: hands on each piece when its time has come. */
export async function* release(arrivals: AsyncIterable<Arrival>): AsyncIterable<Buffer> {
  for await (const { chunk, dueMs } of arrivals) {
    // Timers may be early by a part of a millisecond.
    while (performance.now() < dueMs) await sleep(Math.ceil(dueMs - performance.now()));
    yield chunk;
  }
}
