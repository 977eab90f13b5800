import { NiphasError } from "@niphas/core";
import type { PathHash, PeerId } from "../ports.ts";
import { COORDINATION_LIMITS } from "./limits.ts";
import type { Errand, WantReport, WantRole, WantVerdict } from "./ports.ts";

/** One path that this node wants: what it does about it, and whom it asks. */
export class OwnWant {
  readonly path: PathHash;
  /** Undefined when nobody is left to ask. */
  owner: PeerId | undefined;
  /** When the transfer last spoke of it. */
  heardMs: number;
  /** When its owner was first asked the question that is open. */
  #askedMs: number;
  #role: WantRole = "waiting";
  #haveBytes = 0;
  #toldAtBytes = 0;
  #fruitless = 0;
  /** Those that were named last. */
  #peers: readonly PeerId[] = [];
  readonly #passedOver = new Set<PeerId>();
  #askers: PromiseWithResolvers<Errand>[] = [];

  constructor(path: PathHash, nowMs: number) {
    this.path = path;
    this.heardMs = nowMs;
    this.#askedMs = nowMs;
  }

  get report(): WantReport {
    return { path: this.path, role: this.#role, haveBytes: this.#haveBytes };
  }

  /** Has it, or has given it up: its owner hears of it, and then it is forgotten. */
  get isOver(): boolean {
    return this.#role === "done" || this.#role === "failed";
  }

  get isAsking(): boolean {
    return this.#askers.length > 0;
  }

  /** The owner has said nothing of use for too long. */
  isPutOff(nowMs: number): boolean {
    return this.isAsking && nowMs - this.#askedMs > COORDINATION_LIMITS.answerMs;
  }

  /** Whether this owner has been asked in vain. */
  hasPassedOver(peer: PeerId): boolean {
    return this.#passedOver.has(peer);
  }

  get passedOverCount(): number {
    return this.#passedOver.size;
  }

  /**
   * The transfer asks, for the first time or because the last errand came to nothing.
   * @param isQueued who was named is only busy
   * @returns true when the owner's word has come to nothing too often: ask the next one
   */
  ask(nowMs: number, isQueued: boolean): boolean {
    this.heardMs = nowMs;
    if (!this.isAsking) this.#askedMs = nowMs;
    const hadErrand = this.#role === "tailing" || this.#role === "stuck";
    const isFruitless = hadErrand && !isQueued && this.#haveBytes <= this.#toldAtBytes;
    this.#fruitless = isFruitless ? this.#fruitless + 1 : 0;
    this.#role = isFruitless ? "stuck" : hadErrand ? "tailing" : "waiting";
    return this.#fruitless > COORDINATION_LIMITS.maxFruitless;
  }

  /** It comes from peers that are known already: the owner is told, and asked who else gets it. */
  share(): void {
    this.#role = "sharing";
  }

  /** Whom the owner named last. */
  get peers(): readonly PeerId[] {
    return this.#peers;
  }

  /** Waits for what the owner says. @throws the signal's reason */
  async errand(signal: AbortSignal): Promise<Errand> {
    const asker = Promise.withResolvers<Errand>();
    const onAbort = (): void => asker.reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    if (signal.aborted) onAbort();
    this.#askers.push(asker);
    try {
      return await asker.promise;
    } finally {
      signal.removeEventListener("abort", onAbort);
      this.#askers = this.#askers.filter((each) => each !== asker);
    }
  }

  /** The owner has answered a report. Only who asks is told: the transfer does what it does until it asks again. */
  hear(verdict: WantVerdict): void {
    if (this.#role === "sharing" && verdict.kind === "tail") this.#peers = verdict.peers;
    if (!this.isAsking || this.#isNothingNew(verdict)) return;
    this.#toldAtBytes = this.#haveBytes;
    this.#peers = verdict.kind === "fetch" ? [] : verdict.peers;
    this.#role = verdict.kind === "fetch" ? "fetching" : "tailing";
    for (const asker of this.#askers) asker.resolve(verdict);
  }

  /** Goes to another owner, or to nobody. */
  moveTo(owner: PeerId | undefined, nowMs: number): void {
    this.#askedMs = nowMs;
    if (this.owner !== undefined) this.#passedOver.add(this.owner);
    this.owner = owner;
    this.#fruitless = 0;
    // Nobody left: everybody is on their own.
    if (owner === undefined) this.hear({ kind: "fetch" });
  }

  /** Nobody, or those again of whom nothing came. */
  #isNothingNew(verdict: WantVerdict): boolean {
    if (verdict.kind === "fetch") return false;
    return (
      verdict.peers.length === 0 ||
      (this.#role === "stuck" && verdict.peers.every((peer) => this.#peers.includes(peer)))
    );
  }

  progress(haveBytes: number): void {
    this.#haveBytes = Math.max(this.#haveBytes, haveBytes);
  }

  end(outcome: "done" | "failed"): void {
    this.#role = outcome;
    const over = new NiphasError("Cancelled", "the path is no longer wanted");
    for (const asker of this.#askers) asker.reject(over);
  }
}
