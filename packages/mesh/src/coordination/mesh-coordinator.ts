import { NiphasError } from "@niphas/core";
import type { Membership, PathHash, PeerId } from "../ports.ts";
import { COORDINATION_LIMITS } from "./limits.ts";
import { LiveOwners } from "./live-owners.ts";
import { OwnWant } from "./own-want.ts";
import { OwnerLink } from "./owner-link.ts";
import type {
  Clock,
  Coordinator,
  Errand,
  Reachability,
  Timer,
  WantChannel,
  WantRequests,
  WantVerdict,
} from "./ports.ts";

export interface MeshCoordinatorComponents {
  readonly self: PeerId;
  readonly membership: Membership;
  readonly reachability: Reachability;
  readonly channel: WantChannel;
  /** This node's own {@link WantTable}: it is an owner as well. */
  readonly table: WantRequests;
  readonly clock: Clock;
}

/**
 * Asks the owners of paths who fetches them, and keeps the owners posted. A frozen or dead owner costs 1.5 s once; what
 * an owner says is never waited for in vain: then the next one is asked, and after three this node fetches.
 */
export class MeshCoordinator implements Coordinator, Disposable {
  readonly #components: MeshCoordinatorComponents;
  readonly #owners: LiveOwners;
  readonly #wants = new Map<PathHash, OwnWant>();
  readonly #links = new Map<PeerId, OwnerLink>();
  readonly #avoidedUntilMs = new Map<PeerId, number>();
  readonly #watch: Disposable;
  readonly #end = new AbortController();
  readonly #channel: WantChannel;
  #timer: Timer | undefined;

  constructor(components: MeshCoordinatorComponents) {
    const { self, table, channel, reachability } = components;
    this.#components = components;
    this.#owners = new LiveOwners(components);
    this.#channel = {
      want: async (owner, reports, signal) =>
        owner === self ? table.want(self, reports) : channel.want(owner, reports, signal),
    };
    this.#watch = reachability.onChange((peer) => {
      if (reachability.isLost(peer)) this.#leaveOwner(peer);
      else this.#avoidedUntilMs.delete(peer);
    });
  }

  async want(path: PathHash, signal: AbortSignal, isQueued = false): Promise<Errand> {
    signal.throwIfAborted();
    if (this.#wants.size >= COORDINATION_LIMITS.maxOwnWants && !this.#wants.has(path)) return { kind: "fetch" };
    const nowMs = this.#components.clock.nowMs();
    const known = this.#wants.get(path);
    const want = known === undefined || known.isOver ? new OwnWant(path, nowMs) : known;
    this.#wants.set(path, want);
    const mustMove = want.ask(nowMs, isQueued);
    const errand = want.errand(signal);
    if (want.owner === undefined || mustMove) this.#move(want);
    else this.#send(want.owner);
    this.#keepReporting();
    return await errand;
  }

  share(path: PathHash): void {
    const known = this.#wants.get(path);
    if (known?.isOver === false || this.#wants.size >= COORDINATION_LIMITS.maxOwnWants) return;
    const want = new OwnWant(path, this.#components.clock.nowMs());
    this.#wants.set(path, want);
    want.share();
    this.#move(want);
    this.#keepReporting();
  }

  sharers(path: PathHash): readonly PeerId[] {
    const want = this.#wants.get(path);
    return want?.report.role === "sharing" ? want.peers : [];
  }

  progress(path: PathHash, doneBytes: number): void {
    const want = this.#wants.get(path);
    if (want === undefined || want.isOver) return;
    want.heardMs = this.#components.clock.nowMs();
    const isFirst = want.report.haveBytes === 0 && doneBytes > 0;
    want.progress(doneBytes);
    if (isFirst && want.owner !== undefined) this.#send(want.owner);
  }

  done(path: PathHash, outcome: "have" | "failed"): void {
    const want = this.#wants.get(path);
    if (want === undefined || want.isOver) return;
    want.end(outcome === "have" ? "done" : "failed");
    if (want.owner === undefined) this.#wants.delete(path);
    else this.#send(want.owner);
  }

  /** For metrics and tests: what this node wants now. */
  get wantCount(): number {
    return this.#wants.size;
  }

  [Symbol.dispose](): void {
    this.#end.abort(new NiphasError("ShuttingDown", "the mesh is shutting down"));
    this.#timer?.cancel();
    this.#watch[Symbol.dispose]();
    this.#owners[Symbol.dispose]();
    for (const want of this.#wants.values()) want.end("failed");
    this.#wants.clear();
  }

  /** To the next owner. */
  #move(want: OwnWant): void {
    const previous = want.owner;
    const isPassedOver = (peer: PeerId): boolean =>
      peer === previous || want.hasPassedOver(peer) || this.#isAvoided(peer);
    const mayGoOn = want.passedOverCount < COORDINATION_LIMITS.ownerCount;
    const [next] = mayGoOn ? this.#owners.of(want.path, isPassedOver) : [];
    want.moveTo(next, this.#components.clock.nowMs());
    if (next !== undefined) this.#send(next);
    else if (want.isOver) this.#wants.delete(want.path);
  }

  #send(owner: PeerId): void {
    const wants = (): readonly OwnWant[] => [...this.#wants.values()].filter((want) => want.owner === owner);
    const { clock } = this.#components;
    const link =
      this.#links.get(owner) ??
      new OwnerLink(
        {
          channel: this.#channel,
          clock,
          onFailure: (peer) => {
            this.#avoidedUntilMs.set(peer, clock.nowMs() + COORDINATION_LIMITS.avoidMs);
            this.#leaveOwner(peer);
          },
          onAnswered: (want, verdict) => this.#answered(want, verdict),
        },
        { owner, wants },
      );
    this.#links.set(owner, link);
    link.send(this.#end.signal);
  }

  #answered(want: OwnWant, verdict: WantVerdict): void {
    if (want.isOver && this.#wants.get(want.path) === want) this.#wants.delete(want.path);
    else want.hear(this.#withMembersOnly(verdict));
  }

  /** An owner may name whom it likes; only other members are asked. */
  #withMembersOnly(verdict: WantVerdict): WantVerdict {
    if (verdict.kind === "fetch") return verdict;
    const members = new Set(this.#components.membership.members().map(({ peerId }) => peerId));
    members.delete(this.#components.self);
    return { kind: "tail", peers: verdict.peers.filter((peer) => members.has(peer)) };
  }

  #leaveOwner(peer: PeerId): void {
    this.#links.delete(peer);
    for (const want of [...this.#wants.values()]) if (want.owner === peer) this.#move(want);
  }

  #isAvoided(peer: PeerId): boolean {
    return (this.#avoidedUntilMs.get(peer) ?? 0) > this.#components.clock.nowMs();
  }

  #keepReporting(): void {
    const { clock } = this.#components;
    const dueMs = clock.nowMs() + COORDINATION_LIMITS.reportMs;
    this.#timer ??= clock.setTimer(COORDINATION_LIMITS.reportMs, () => {
      this.#timer = undefined;
      // When it was this process that stood still, answers may lie unread.
      if (clock.nowMs() - dueMs <= COORDINATION_LIMITS.lateMs) this.#movePutOff();
      this.#reportAll();
      if (this.#wants.size > 0) this.#keepReporting();
    });
  }

  #movePutOff(): void {
    const nowMs = this.#components.clock.nowMs();
    for (const want of [...this.#wants.values()]) if (want.isPutOff(nowMs)) this.#move(want);
  }

  #reportAll(): void {
    const nowMs = this.#components.clock.nowMs();
    const owners = new Set<PeerId>();
    for (const want of [...this.#wants.values()]) {
      const isForgotten = nowMs - want.heardMs > COORDINATION_LIMITS.abandonedMs && !want.isAsking;
      if (isForgotten && !want.isOver) want.end("failed");
      if (want.owner !== undefined) owners.add(want.owner);
      else if (want.isOver) this.#wants.delete(want.path);
    }
    for (const owner of this.#links.keys()) if (!owners.has(owner)) this.#links.delete(owner);
    for (const owner of owners) this.#send(owner);
  }
}
