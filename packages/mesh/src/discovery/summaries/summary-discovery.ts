import type { PathHash, PeerId } from "../../ports.ts";
import type { DiscoveryComponents, MemberState, Strategy } from "../strategy.ts";
import type { SummaryAnswer, SummaryDelta, SummaryPosition } from "./summary.ts";
import { SummaryCollector } from "./summary-collector.ts";
import { SummaryPublisher } from "./summary-publisher.ts";

/** Every node keeps a summary of every other: who holds a path is known without a question. For up to a few hundred nodes. */
export class SummaryDiscovery implements Strategy {
  readonly #members: MemberState & { usablePeers(): readonly PeerId[] };
  readonly #publisher: SummaryPublisher;
  readonly #collector: SummaryCollector;
  #isSupplying: boolean = false;
  #isConsulted: boolean = false;

  constructor(
    components: DiscoveryComponents & { readonly members: MemberState & { usablePeers(): readonly PeerId[] } },
  ) {
    this.#members = components.members;
    this.#publisher = new SummaryPublisher(components);
    this.#collector = new SummaryCollector(components);
  }

  /** Of the summaries of others. */
  get sizeBytes(): number {
    return this.#collector.sizeBytes;
  }

  setSupplying(isSupplying: boolean): void {
    if (isSupplying === this.#isSupplying) return;
    this.#isSupplying = isSupplying;
    for (const peer of this.#members.usablePeers()) {
      if (isSupplying) this.#publisher.addToAudience(peer);
      else this.#publisher.removeFromAudience(peer);
    }
  }

  setConsulted(isConsulted: boolean): void {
    if (isConsulted === this.#isConsulted) return;
    this.#isConsulted = isConsulted;
    if (!isConsulted) this.#collector.forgetAll();
    else for (const peer of this.#members.usablePeers()) this.#collector.follow(peer);
  }

  of(path: PathHash): readonly PeerId[] {
    return this.#collector.of(path);
  }

  /** The answer is in memory already. */
  async lookUp(): Promise<void> {}

  answer(known: SummaryPosition | undefined): SummaryAnswer {
    return this.#publisher.answer(known);
  }

  takeDelta(from: PeerId, delta: SummaryDelta): void {
    this.#collector.take(from, delta);
  }

  viewChanged(): void {}

  found(peer: PeerId): void {
    if (this.#isSupplying) this.#publisher.addToAudience(peer);
    if (this.#isConsulted) this.#collector.follow(peer);
  }

  lost(peer: PeerId): void {
    this.#publisher.removeFromAudience(peer);
    this.#collector.pause(peer);
  }

  forgotten(peer: PeerId): void {
    this.#publisher.removeFromAudience(peer);
    this.#collector.forget(peer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#publisher[Symbol.asyncDispose]();
    await this.#collector[Symbol.asyncDispose]();
  }
}
