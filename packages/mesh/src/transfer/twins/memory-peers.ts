import { NiphasError, untilAborted } from "@niphas/core";
import type { ByteRange, Holders, NarAnswer, NarRangeRequest, PathHash, PeerId, PeerNars } from "../../ports.ts";
import { pause } from "../download/pause.ts";
import type { Clock } from "../ports.ts";

/** How a peer behaves. */
export type PeerConduct =
  | "honest"
  /** One byte of each answer is another one. */
  | "lying"
  /** Ends in the middle of the answer. */
  | "truncating"
  /** Goes on after the end of the answer. */
  | "endless"
  /** Gives one piece a second. */
  | "slow"
  /** Never answers. */
  | "silent"
  /** Stands still in the middle of the answer. */
  | "stalling"
  | "busy"
  /** Says that it has other ranges than it is asked for, whatever that is. */
  | "offering"
  | "later"
  /** Says that it holds the path, and does not. */
  | "empty"
  /** Breaks the connection in the middle of the answer. */
  | "vanishing"
  /** Answers with a range that nobody asked for. */
  | "odd";

export interface MemoryPeer {
  conduct: PeerConduct;
  /** NARs that it holds, by path. */
  readonly nars: Map<PathHash, Uint8Array>;
  /** What it says when it is busy. */
  hints: readonly PeerId[];
  /** How much of a NAR it has come to have; all of it unless a test says less. */
  hasBytes: number;
  /** What it has of each NAR in place of its first bytes; it is not among the holders then. */
  has: readonly ByteRange[] | undefined;
  /** Time for each piece. */
  pieceMs: number;
  /** Ranges that it was asked for. */
  readonly asked: ByteRange[];
}

/** Peers in memory, good and evil. */
export class MemoryPeers implements PeerNars, Holders {
  readonly #clock: Clock;
  readonly #pieceBytes: number;
  readonly peers = new Map<PeerId, MemoryPeer>();
  /** Bodies that are being read. */
  openBodies = 0;
  maxOpenBodies = 0;

  constructor(components: { readonly clock: Clock }, init: { readonly pieceBytes?: number } = {}) {
    this.#clock = components.clock;
    this.#pieceBytes = init.pieceBytes ?? 64 * 1024;
  }

  add(peer: PeerId, conduct: PeerConduct, init: Partial<MemoryPeer> = {}): MemoryPeer {
    const hasBytes = Number.POSITIVE_INFINITY;
    const nothing = { nars: new Map(), hints: [], has: undefined, asked: [] };
    const memory: MemoryPeer = { conduct, hasBytes, pieceMs: 0, ...nothing, ...init };
    this.peers.set(peer, memory);
    return memory;
  }

  of(path: PathHash): readonly PeerId[] {
    const holders = [...this.peers].filter(([, { nars, has }]) => nars.has(path) && has === undefined);
    return holders.map(([peer]) => peer);
  }

  async read(peer: PeerId, request: NarRangeRequest, signal: AbortSignal): Promise<NarAnswer> {
    signal.throwIfAborted();
    const { path, range } = request;
    const memory = this.peers.get(peer);
    if (memory === undefined) throw new NiphasError("SubstituterUnavailable", "no such peer");
    memory.asked.push(range);
    const nar = memory.nars.get(path);
    switch (memory.conduct) {
      case "busy":
        return { kind: "busy", retryWith: memory.hints };
      case "later":
        await pause(this.#clock, 1000, signal);
        return { kind: "later", available: [] };
      case "offering":
        return { kind: "later", available: [{ start: 0, end: range.start + 2 ** 20 }] };
      case "silent":
        return await untilAborted(Promise.withResolvers<never>().promise, signal);
      case "odd":
        return { kind: "bytes", end: range.end + 1, body: this.#body(memory, nar ?? Buffer.alloc(0), range, signal) };
      default:
        return nar === undefined || memory.conduct === "empty"
          ? { kind: "gone" }
          : await this.#bytes(memory, nar, request, signal);
    }
  }

  async #bytes(
    memory: MemoryPeer,
    nar: Uint8Array,
    { range, usefulFrom }: NarRangeRequest,
    signal: AbortSignal,
  ): Promise<NarAnswer> {
    const has = memory.has ?? [{ start: 0, end: memory.hasBytes }];
    const available = has.filter((each) => each.end > (usefulFrom ?? range.start));
    const asked = available.find((each) => each.start <= range.start && each.end > range.start);
    const end = Math.min(range.end, asked?.end ?? 0);
    if (end <= range.start) {
      if (available.length === 0) await pause(this.#clock, 1000, signal);
      return { kind: "later", available };
    }
    return { kind: "bytes", end, body: this.#body(memory, nar, { start: range.start, end }, signal) };
  }

  async *#body(
    memory: MemoryPeer,
    nar: Uint8Array,
    range: ByteRange,
    signal: AbortSignal,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    this.openBodies++;
    this.maxOpenBodies = Math.max(this.maxOpenBodies, this.openBodies);
    try {
      for (let start = range.start; start < range.end; start += this.#pieceBytes) {
        const end = Math.min(start + this.#pieceBytes, range.end);
        const isPastHalf = start >= (range.start + range.end) / 2 || end === range.end;
        if (await this.#misbehaves(memory, isPastHalf, signal)) return;
        yield this.#piece(memory, nar, { start, end }, range);
      }
      while (memory.conduct === "endless") yield Buffer.alloc(this.#pieceBytes);
    } finally {
      this.openBodies--;
    }
  }

  /** @returns whether the body ends here */
  async #misbehaves(memory: MemoryPeer, isPastHalf: boolean, signal: AbortSignal): Promise<boolean> {
    signal.throwIfAborted();
    if (memory.conduct === "slow" || memory.pieceMs > 0) await pause(this.#clock, memory.pieceMs || 1000, signal);
    if (!isPastHalf) return false;
    if (memory.conduct === "stalling") await untilAborted(Promise.withResolvers<void>().promise, signal);
    if (memory.conduct === "vanishing") throw new Error("the connection is lost");
    return memory.conduct === "truncating";
  }

  #piece(memory: MemoryPeer, nar: Uint8Array, { start, end }: ByteRange, range: ByteRange): Uint8Array {
    const piece = Buffer.from(nar.subarray(start, end));
    if (memory.conduct === "lying" && start === range.start) piece[0] = (piece[0] ?? 0) ^ 1;
    return piece;
  }
}
