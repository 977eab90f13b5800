import type { ByteRange, PathHash, PeerId } from "../../ports.ts";
import type { NarSources } from "./nar-sources.ts";
import { PartCopies } from "./part-copies.ts";
import type { PeerOutcome } from "./peer-request.ts";
import type { PeerTraffic } from "./peer-traffic.ts";
import type { ActiveRange, RangeWork } from "./range-work.ts";

export interface RangeRequestsComponents {
  readonly traffic: PeerTraffic;
  readonly ranges: RangeWork;
  readonly sources: NarSources;
}

/** One range that one peer is to be asked for. */
export interface RangeRequest {
  readonly peer: PeerId;
  readonly range: ActiveRange;
  /** The peer had said that it has what it is asked for. */
  readonly wasOffered: boolean;
  /** The peer stood still once: it is given the full time. */
  readonly isPatient: boolean;
}

export type RequestOutcome = PeerOutcome | { readonly kind: "broken" };

/**
 * Who is asked for what of one NAR, and what an answer does to who gave it: all that a download decides about peers,
 * without a byte, so that a simulation decides the same.
 */
export class RangeRequests {
  readonly #components: RangeRequestsComponents;
  readonly #path: PathHash;
  readonly #copies: PartCopies;
  /** Peers that stood still once and were put off. */
  readonly #stalled = new Set<PeerId>();

  constructor(components: RangeRequestsComponents, init: { readonly path: PathHash; readonly sizeBytes: number }) {
    this.#components = components;
    this.#path = init.path;
    this.#copies = new PartCopies({ sizeBytes: init.sizeBytes, partBytes: components.ranges.partBytes });
  }

  /** Undefined when there is nothing to ask for, or nobody to ask now. Ends with {@link end}. */
  begin(): RangeRequest | undefined {
    const { ranges, sources } = this.#components;
    if (!ranges.hasMore) return undefined;
    const peer = sources.take(ranges.partBytes);
    if (peer === undefined) return undefined;
    const offered = this.#takeOffered(peer);
    const range = offered ?? this.#takePart() ?? ranges.steal();
    if (range !== undefined)
      return { peer, range, wasOffered: offered !== undefined, isPatient: this.#stalled.has(peer) };
    sources.release(peer);
    return undefined;
  }

  /** @param outcome undefined when the download has ended, for which the peer can do nothing */
  end(request: RangeRequest, outcome: RequestOutcome | undefined): void {
    const { ranges, sources } = this.#components;
    if (outcome !== undefined) this.#heard(request, outcome);
    ranges.giveBack(request.range);
    sources.release(request.peer);
  }

  #takeOffered(peer: PeerId): ActiveRange | undefined {
    const { sources } = this.#components;
    const offers = sources.offersOf(peer);
    if (offers === undefined) return undefined;
    const range = this.#takePart(offers);
    if (range === undefined) sources.forgetOffers(peer);
    return range;
  }

  #takePart(within?: readonly ByteRange[]): ActiveRange | undefined {
    const { ranges, traffic } = this.#components;
    return ranges.takePart({ random: traffic.random, within, copiesOf: (position) => this.#copies.of(position) });
  }

  #heard({ peer, wasOffered }: RangeRequest, outcome: RequestOutcome): void {
    const { traffic, sources, ranges } = this.#components;
    sources.heard(peer, { isBusy: outcome.kind === "busy" });
    switch (outcome.kind) {
      case "given":
        traffic.succeeded(peer);
        sources.choice.succeeded(peer);
        break;
      case "busy":
        sources.choice.busy(peer, outcome.retryWith);
        break;
      case "later":
        sources.offered(peer, outcome.available);
        this.#copies.offered(peer, outcome.available);
        // What it offers is asked for at once, and no second time: it may go on offering for ever.
        if (wasOffered || !ranges.hasWithin(outcome.available)) sources.choice.busy(peer, []);
        break;
      case "stalled":
        this.#stalled.add(peer);
        traffic.putOff(peer, this.#path);
        sources.choice.busy(peer, []);
        break;
      default:
        sources.abandon(peer);
        traffic.abandoned(peer, this.#path, outcome.kind);
    }
  }
}
