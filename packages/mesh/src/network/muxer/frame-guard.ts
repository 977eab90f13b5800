import { NiphasError } from "@niphas/core";
import { RateLimit } from "../budgets/rate-limit.ts";
import { MUXER_LIMITS, YAMUX_HEADER_BYTES } from "../limits.ts";

const TYPE_OFFSET = 1;
const FLAGS_OFFSET = 2;
const LENGTH_OFFSET = 8;
const DATA_TYPE = 0;
/** Asks for an answer: a ping, or a new stream. */
const SYN_FLAG = 1;

/** Pieces of any size that a frame may have beside those that its length allows. */
const FREE_PIECES = 64;

/**
 * Follows the frames of one connection as they arrive. The decoder of yamux 8.0.1 collects a data frame of up to 4 GiB
 * before it looks whether the window allows it, keeps each piece that it came in, and answers pings and new streams
 * however many there are.
 */
export class FrameGuard {
  readonly #header = Buffer.alloc(YAMUX_HEADER_BYTES);
  #headerFilled = 0;
  #bodyLeft = 0;
  #piecesLeft = 0;
  readonly #questions = new RateLimit(MUXER_LIMITS.questions);

  /** @throws NiphasError BadBytes on a frame that nobody may send */
  check(piece: Uint8Array): void {
    let offset = 0;
    this.#takePiece();
    while (offset < piece.byteLength) {
      offset += this.#bodyLeft > 0 ? this.#skipBody(piece, offset) : this.#takeHeader(piece, offset);
    }
  }

  #takePiece(): void {
    if (this.#bodyLeft === 0) return;
    this.#piecesLeft--;
    if (this.#piecesLeft < 0) throw new NiphasError("BadBytes", "the peer sends a frame in crumbs");
  }

  #skipBody(piece: Uint8Array, offset: number): number {
    const taken = Math.min(this.#bodyLeft, piece.byteLength - offset);
    this.#bodyLeft -= taken;
    return taken;
  }

  #takeHeader(piece: Uint8Array, offset: number): number {
    const taken = Math.min(YAMUX_HEADER_BYTES - this.#headerFilled, piece.byteLength - offset);
    this.#header.set(piece.subarray(offset, offset + taken), this.#headerFilled);
    this.#headerFilled += taken;
    if (this.#headerFilled === YAMUX_HEADER_BYTES) this.#beginFrame();
    return taken;
  }

  #beginFrame(): void {
    this.#headerFilled = 0;
    const isQuestion = (this.#header.readUInt16BE(FLAGS_OFFSET) & SYN_FLAG) !== 0;
    if (isQuestion && !this.#questions.tryTake()) {
      throw new NiphasError("BadBytes", "the peer opens streams or sends pings without end");
    }
    if (this.#header[TYPE_OFFSET] !== DATA_TYPE) return;
    this.#bodyLeft = this.#header.readUInt32BE(LENGTH_OFFSET);
    if (this.#bodyLeft > MUXER_LIMITS.maxStreamWindowBytes) {
      throw new NiphasError("BadBytes", "the peer announces a frame that is larger than any window");
    }
    this.#piecesLeft = FREE_PIECES + Math.ceil(this.#bodyLeft / MUXER_LIMITS.minPieceBytes);
  }
}
