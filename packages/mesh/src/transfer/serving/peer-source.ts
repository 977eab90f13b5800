import { isNiphasError } from "@niphas/core";
import type { UploadSource } from "../../network/nars/upload-source.ts";
import type { NarRequest } from "../../network/wire/nar-messages.ts";
import type { LocalStore, NarAnswer, PeerId, PeerPathInfo } from "../../ports.ts";
import type { Transfers } from "../download/transfers.ts";
import { Watchdog } from "../download/watchdog.ts";
import { SLOT_LIMITS } from "../limits.ts";
import type { Clock, TransferObserver } from "../ports.ts";
import type { RecentTakers } from "../slots/recent-takers.ts";
import { SlotBody } from "../slots/slot-body.ts";
import type { UploadSlots } from "../slots/upload-slots.ts";
import type { NarSpool } from "../spool/nar-spool.ts";

export interface PeerSourceComponents {
  readonly store: Pick<LocalStore, "pathInfo" | "nar">;
  readonly transfers: Pick<Transfers, "find">;
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
const LATER: NarAnswer = { kind: "later" };

/** What peers may read here: valid paths from the store, others as far as they have come. */
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
    if (info !== undefined) return this.#fromStore(request, info, from, signal);
    const found = this.#components.transfers.find(request.path, request.narHash);
    if (found === undefined) return GONE;
    return found === "getting" ? LATER : await this.#fromSpool(request, found, from, signal);
  }

  #valid({ path, narHash }: NarRequest): PeerPathInfo | undefined {
    try {
      const info = this.#components.store.pathInfo(path);
      return info?.narHash === narHash ? info : undefined;
    } catch (error) {
      // Peers have others to ask.
      if (isNiphasError(error)) return undefined;
      throw error;
    }
  }

  #fromStore(request: NarRequest, info: PeerPathInfo, from: PeerId, signal: AbortSignal): NarAnswer {
    const { range } = request;
    const { narSizeBytes } = info;
    if (range.end > narSizeBytes) return GONE;
    const open = (): Offer => {
      return { end: range.end, body: this.#components.store.nar(info.path, range, signal), narSizeBytes };
    };
    return this.#withSlot(request, from, signal, open);
  }

  async #fromSpool(request: NarRequest, spool: NarSpool, from: PeerId, signal: AbortSignal): Promise<NarAnswer> {
    const { range } = request;
    const { narSizeBytes } = spool.wanted;
    if (range.end > narSizeBytes) return GONE;
    if (!(await this.#hasComeInTime(spool, range.start, signal))) return spool.state === "failed" ? GONE : LATER;
    const open = (): Offer => {
      const end = Math.min(spool.availableEnd(range.start), range.end);
      return { end, body: spool.read({ start: range.start, end }), narSizeBytes, hold: spool.hold() };
    };
    return this.#withSlot(request, from, signal, open);
  }

  /** Without a slot, so that those who wait do not keep out those who could be served. */
  async #hasComeInTime(spool: NarSpool, start: number, signal: AbortSignal): Promise<boolean> {
    if (spool.availableEnd(start) > start) return true;
    using watchdog = new Watchdog(this.#components, { signal });
    try {
      await watchdog.within(SLOT_LIMITS.laterMs, () => spool.available(start, watchdog.signal));
      return spool.availableEnd(start) > start;
    } catch {
      signal.throwIfAborted();
      return false;
    }
  }

  #withSlot({ path, range }: NarRequest, peer: PeerId, signal: AbortSignal, open: () => Offer): NarAnswer {
    const { slots, takers, observe } = this.#components;
    const slot = slots.tryTake();
    if (slot === undefined) return { kind: "busy", retryWith: takers.of(path).filter((other) => other !== peer) };
    using held = new DisposableStack();
    held.use(slot);
    const { end, body, narSizeBytes, hold } = open();
    held.use(hold);
    const onEnd = (sizeBytes: number): void => {
      observe({ kind: "served", peer, sizeBytes });
      if (range.start + sizeBytes === narSizeBytes) takers.add(path, peer);
    };
    return { kind: "bytes", end, body: new SlotBody(body, { slot: held.move(), signal, onEnd }) };
  }
}
