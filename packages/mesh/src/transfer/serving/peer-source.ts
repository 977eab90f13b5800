import { isNiphasError } from "@niphas/core";
import type { UploadSource } from "../../network/nars/upload-source.ts";
import type { NarRequest } from "../../network/wire/nar-messages.ts";
import type { ByteRange, LocalStore, NarAnswer, PeerId, PeerPathInfo } from "../../ports.ts";
import { isShareable } from "../../store/is-shareable.ts";
import type { Transfers } from "../download/transfers.ts";
import { Watchdog } from "../download/watchdog.ts";
import { SLOT_LIMITS } from "../limits.ts";
import type { Clock, TransferObserver } from "../ports.ts";
import type { RecentTakers } from "../slots/recent-takers.ts";
import { SlotBody } from "../slots/slot-body.ts";
import type { UploadSlots } from "../slots/upload-slots.ts";
import type { NarSpool } from "../spool/nar-spool.ts";
import { offeredRanges } from "./offered-ranges.ts";

export interface PeerSourceComponents {
  readonly store: Pick<LocalStore, "pathInfo" | "nar">;
  readonly transfers: Pick<Transfers, "find" | "begun">;
  readonly slots: UploadSlots;
  readonly takers: RecentTakers;
  readonly clock: Clock;
  readonly observe: TransferObserver;
}

interface Offer {
  readonly end: number;
  readonly body: AsyncIterable<Uint8Array>;
  readonly narSizeBytes: number;
  /** What the body needs until it ends. */
  readonly hold?: Disposable;
}

const GONE: NarAnswer = { kind: "gone" };
const WORTHWHILE = SLOT_LIMITS.worthwhileBytes;

/** What peers may read here: valid paths from the store that are for members, others as far as they have come. */
export class PeerSource implements UploadSource {
  readonly #components: PeerSourceComponents;

  constructor(components: PeerSourceComponents) {
    this.#components = components;
  }

  hints({ path }: Pick<NarRequest, "path">): readonly PeerId[] {
    return this.#components.takers.of(path);
  }

  async open(request: NarRequest, from: PeerId, signal: AbortSignal): Promise<NarAnswer> {
    const info = this.#valid(request);
    if (info !== undefined) return await this.#fromStore(request, info, from, signal);
    const found = await this.#spoolOf(request, signal);
    if (found === undefined) return GONE;
    return found === "getting" ? { kind: "later", available: [] } : await this.#fromSpool(request, found, from, signal);
  }

  /** `getting`: it has not begun to come, and does not in a second. */
  async #spoolOf({ path, narHash }: NarRequest, signal: AbortSignal): Promise<NarSpool | "getting" | undefined> {
    const { transfers } = this.#components;
    const found = transfers.find(path, narHash);
    if (found !== "getting") return found;
    const begun = (waiting: AbortSignal) => transfers.begun(path, narHash, waiting);
    return (await this.#inTime(SLOT_LIMITS.laterMs, begun, signal)) ?? transfers.find(path, narHash);
  }

  #valid({ path, narHash }: NarRequest): PeerPathInfo | undefined {
    try {
      const info = this.#components.store.pathInfo(path);
      return info?.narHash === narHash && isShareable(info) ? info : undefined;
    } catch (error) {
      // Peers have others to ask.
      if (isNiphasError(error)) return undefined;
      throw error;
    }
  }

  async #fromStore(request: NarRequest, info: PeerPathInfo, from: PeerId, signal: AbortSignal): Promise<NarAnswer> {
    const { range } = request;
    const { narSizeBytes } = info;
    if (range.end > narSizeBytes) return GONE;
    const open = (): Offer => {
      return { end: range.end, body: this.#components.store.nar(info.path, range, signal), narSizeBytes };
    };
    return await this.#withSlot(request, from, signal, open);
  }

  async #fromSpool(request: NarRequest, spool: NarSpool, from: PeerId, signal: AbortSignal): Promise<NarAnswer> {
    const { range } = request;
    const { narSizeBytes } = spool.wanted;
    if (range.end > narSizeBytes) return GONE;
    const others = (): readonly ByteRange[] => offeredRanges(spool.availableFrom(request.usefulFrom ?? range.start));
    const hasCome = (): boolean => spool.availableEnd(range.start) > range.start;
    const isEnough = (): boolean => spool.availableEnd(range.start) >= Math.min(range.end, range.start + WORTHWHILE);
    const isTime = (): boolean => isEnough() || (!hasCome() && others().length > 0);
    // Without a slot, so that those who wait do not keep out those who could be served.
    if (!isTime()) await this.#inTime(SLOT_LIMITS.laterMs, (waiting) => spool.until(isTime, waiting), signal);
    if (!hasCome()) return spool.state === "failed" ? GONE : { kind: "later", available: others() };
    const open = (): Offer => {
      const end = Math.min(spool.availableEnd(range.start), range.end);
      return { end, body: spool.read({ start: range.start, end }), narSizeBytes, hold: spool.hold() };
    };
    return await this.#withSlot(request, from, signal, open);
  }

  /** Undefined when it takes too long or fails. @throws the signal's reason */
  async #inTime<T>(
    limitMs: number,
    work: (waiting: AbortSignal) => Promise<T>,
    signal: AbortSignal,
  ): Promise<T | undefined> {
    using watchdog = new Watchdog(this.#components, { signal });
    try {
      return await watchdog.within(limitMs, () => work(watchdog.signal));
    } catch {
      signal.throwIfAborted();
      return undefined;
    }
  }

  async #withSlot(
    { path, range }: NarRequest,
    peer: PeerId,
    signal: AbortSignal,
    open: () => Offer,
  ): Promise<NarAnswer> {
    const { slots, takers, clock, observe } = this.#components;
    const hints = (): readonly PeerId[] => takers.of(path).filter((other) => other !== peer);
    const waitMs = hints().length > 0 ? 0 : SLOT_LIMITS.slotWaitMs;
    const slot = slots.tryTake(peer) ?? (waitMs > 0 ? await slots.take(peer, { clock, waitMs }, signal) : undefined);
    if (slot === undefined) return { kind: "busy", retryWith: hints() };
    using held = new DisposableStack();
    held.use(slot);
    const { end, body, narSizeBytes, hold } = open();
    held.use(hold);
    const onEnd = (sizeBytes: number): void => {
      observe({ kind: "served", peer, sizeBytes });
      takers.got(path, peer, { start: range.start, end: range.start + sizeBytes, narSizeBytes });
    };
    return { kind: "bytes", end, body: new SlotBody(body, { slot: held.move(), signal, onEnd }) };
  }
}
