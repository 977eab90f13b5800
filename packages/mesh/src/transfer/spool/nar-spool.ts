import { NiphasError, narHashBytes, toNiphasError } from "@niphas/core";
import { buffersPassed } from "@niphas/service";
import type { ByteRange } from "../../ports.ts";
import { SPOOL_LIMITS } from "../limits.ts";
import type { ByteSource, WantedNar } from "../ports.ts";
import { Segments } from "../verification/segments.ts";
import { Extents } from "./extents.ts";
import { PrefixHash } from "./prefix-hash.ts";
import type { SpoolBytes } from "./spool-bytes.ts";
import { Wakers } from "./wakers.ts";

export interface NarSpoolInit {
  readonly wanted: WantedNar;
  /** How long Nix gets nothing of a NAR up to 16 MiB that is not verified. @default 700 */
  readonly holdBackMs?: number | undefined;
}

export type SpoolState = "filling" | "verified" | "failed";

/**
 * One NAR on its way through the daemon. Sources write ranges in any order; Nix and peers read them as they arrive. It
 * is verified when all bytes are there and have the signed hash, and failed when they have not, a write failed or
 * nobody wants it any more.
 */
export class NarSpool implements AsyncDisposable {
  readonly wanted: WantedNar;
  readonly #holdBackMs: number;
  readonly #bytes: SpoolBytes;
  readonly #written = new Extents();
  readonly #segments = new Segments();
  readonly #hash: PrefixHash;
  readonly #changes = new Wakers();
  #state: SpoolState = "filling";
  #failure: NiphasError | undefined;
  #users = 1;
  #isDisposed = false;
  #closing: Promise<void> | undefined;

  constructor(components: { readonly bytes: SpoolBytes }, init: NarSpoolInit) {
    this.wanted = init.wanted;
    this.#holdBackMs = init.holdBackMs ?? SPOOL_LIMITS.holdBackMs;
    this.#bytes = components.bytes;
    this.#hash = new PrefixHash({ bytes: components.bytes, written: this.#written });
  }

  get state(): SpoolState {
    return this.#state;
  }

  /** Why it is failed. */
  get failure(): NiphasError | undefined {
    return this.#failure;
  }

  /** Who gave what. */
  get segments(): Pick<Segments, "all" | "sources"> {
    return this.#segments;
  }

  /** Bytes that are here, in any order. */
  get doneBytes(): number {
    return this.#written.totalBytes;
  }

  /** Bytes from the first one on without a hole. */
  get prefixBytes(): number {
    return this.#written.endFrom(0);
  }

  /** How many read it now. */
  get readers(): number {
    return this.#users - (this.#isDisposed ? 0 : 1);
  }

  /** How far a peer may read from `start` now. The end of the NAR is for nobody before it is verified. */
  availableEnd(start: number): number {
    return Math.max(start, Math.min(this.#written.endFrom(start), this.#offeredBytes));
  }

  /** What a peer may read now from `start` on, in order. */
  availableFrom(start: number): readonly ByteRange[] {
    return this.#written.within({ start, end: this.#offeredBytes });
  }

  /**
   * Takes bytes that are not here yet.
   * @throws NiphasError what the spool failed with, also because of this write (DiskFull, StoreUnavailable); Internal for
   * bytes that are here already or lie outside
   */
  async write(start: number, bytes: Uint8Array, source: ByteSource): Promise<void> {
    this.#throwIfFailed();
    const end = start + bytes.length;
    const isInside = start >= 0 && end <= this.wanted.narSizeBytes;
    if (!isInside || this.#written.endFrom(start) !== start) this.fail(misplaced());
    this.#throwIfFailed();
    using _hold = this.hold();
    await this.#bytes.write(start, bytes).catch((error: unknown) => this.fail(toNiphasError(error)));
    this.#throwIfFailed();
    if (!this.#written.add({ start, end })) this.fail(misplaced());
    this.#throwIfFailed();
    this.#segments.add({ start, end, source });
    this.#hash.add(start, bytes);
    buffersPassed(bytes.length);
    this.#advance();
  }

  /** Nothing more is written or read; readers get this error. */
  fail(error: NiphasError): void {
    if (this.#state !== "filling") return;
    this.#failure = error;
    this.#state = "failed";
    this.#changes.wake();
  }

  /** Waits until all bytes are here and right. @throws NiphasError BadBytes, or what it failed with; the signal's reason */
  async verified(signal: AbortSignal): Promise<void> {
    await this.#changes.until(() => {
      this.#throwIfFailed();
      return this.#state === "verified";
    }, signal);
  }

  /** Waits until `condition` holds, and looks again whenever something has come. @throws as {@link verified} */
  async until(condition: () => boolean, signal: AbortSignal): Promise<void> {
    await this.#changes.until(() => {
      this.#throwIfFailed();
      return condition();
    }, signal);
  }

  /**
   * Bytes that are {@link availableEnd available}, unverified: for peers, who check for themselves. Who holds the spool
   * gets what was promised, even when the NAR turns out bad meanwhile.
   */
  async *read(range: ByteRange): AsyncGenerator<Uint8Array, void, undefined> {
    using _hold = this.hold();
    for (let position = range.start; position < range.end; ) {
      const piece = await this.#bytes.read(position, range.end);
      position += piece.length;
      yield piece;
    }
  }

  /**
   * Bytes for Nix: up to 16 MiB none before the NAR is verified, for 700 ms; of a larger or slower one all as they come but
   * the range's last 64 KiB. @throws as {@link verified}
   */
  readVerified(range: ByteRange, signal: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
    const flowsFromMs = performance.now() + this.#holdBackMs;
    const mayFlow = (): boolean =>
      this.wanted.narSizeBytes > SPOOL_LIMITS.wholeUpToBytes || performance.now() > flowsFromMs;
    const flowsTo = (): number =>
      mayFlow() ? Math.min(range.end - SPOOL_LIMITS.withheldBytes, this.#hash.hashedBytes) : 0;
    return this.#follow(range, () => (this.#state === "verified" ? range.end : flowsTo()), signal);
  }

  /** All bytes of a part of a verified spool, or of one that turned out bad, for who compares them. */
  async part(range: ByteRange): Promise<Uint8Array> {
    const pieces: Uint8Array[] = [];
    for await (const piece of this.read(range)) pieces.push(piece);
    return Buffer.concat(pieces);
  }

  /**
   * Keeps the bytes until it is disposed of, also beyond the end of the spool.
   * @throws NiphasError SubstituterUnavailable when they have gone
   */
  hold(): Disposable {
    if (this.#users === 0) throw new NiphasError("SubstituterUnavailable", "the NAR is not here any more");
    this.#users++;
    return { [Symbol.dispose]: () => this.#leave() };
  }

  /** Ends the filling. The bytes go when the last reader has gone; this does not wait for that. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    this.fail(new NiphasError("Cancelled", "nobody wants the NAR any more"));
    this.#leave();
    await this.#closing;
  }

  /** Where the part ends that peers may read. */
  get #offeredBytes(): number {
    if (this.#state === "failed" || this.#users === 0) return 0;
    return this.wanted.narSizeBytes - (this.#state === "verified" ? 0 : SPOOL_LIMITS.withheldBytes);
  }

  #leave(): void {
    this.#users--;
    if (this.#users > 0 || this.#closing !== undefined) return;
    this.#closing = this.#bytes.close();
    // The room is free either way, and there is nobody left to tell.
    this.#closing.catch(() => undefined);
  }

  /** @param limit how far to read now */
  async *#follow(
    range: ByteRange,
    limit: () => number,
    signal: AbortSignal,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    using _hold = this.hold();
    for (let position = range.start; position < range.end; ) {
      await this.#changes.until(() => {
        this.#throwIfFailed();
        return limit() > position;
      }, signal);
      const piece = await this.#bytes.read(position, Math.min(limit(), range.end));
      // It may have turned out bad while it was read.
      this.#throwIfFailed();
      position += piece.length;
      yield piece;
    }
  }

  #advance(): void {
    if (this.#hash.isBehind) this.#catchUp();
    this.#settle();
    this.#changes.wake();
  }

  #catchUp(): void {
    const hold = this.hold();
    this.#hash
      .catchUp(() => {
        this.#throwIfFailed();
        this.#changes.wake();
      })
      .then(() => this.#advance())
      .catch((error: unknown) => this.fail(toNiphasError(error)))
      .finally(() => hold[Symbol.dispose]());
  }

  #settle(): void {
    const { wanted } = this;
    if (this.#state !== "filling" || this.#hash.hashedBytes < wanted.narSizeBytes) return;
    if (this.#hash.digest().equals(narHashBytes(wanted.narHash))) this.#state = "verified";
    else this.fail(new NiphasError("BadBytes", `the NAR of ${wanted.path} is not the one that was signed`));
  }

  #throwIfFailed(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }
}

function misplaced(): NiphasError {
  return new NiphasError("Internal", "bytes of a NAR came twice, or beyond its end");
}
