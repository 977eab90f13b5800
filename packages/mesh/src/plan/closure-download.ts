import { isNiphasError, type NarInfo } from "@niphas/core";
import type { LocalStore, PathHash, PeerId } from "../ports.ts";
import { pause } from "../transfer/download/pause.ts";
import type { Budget } from "../transfer/index.ts";
import { pathHashOf } from "../upstream/path-hash.ts";
import { wantedNarOf } from "../upstream/wanted-nar.ts";
import { PLAN_LIMITS } from "./limits.ts";
import { isValid } from "./missing-closure.ts";
import type { Clock, Downloads, NarInFlight, PlanProgress, Registrations } from "./ports.ts";

export interface ClosureDownloadComponents {
  readonly downloads: Downloads;
  readonly store: Pick<LocalStore, "pathInfo">;
  readonly registrations: Registrations;
  /** What all plans may have here ahead of Nix. */
  readonly ahead: Budget;
  /** Whether Nix is asking for narinfos, one after the other: it waits for them, and for no NAR yet. */
  readonly isNixAsking: () => boolean;
  readonly clock: Clock;
}

interface Planned {
  readonly info: NarInfo;
  readonly room: Disposable;
}

/** What of a NAR has been counted for the progress. */
type Sums = Pick<PlanProgress, "doneBytes" | "peerBytes" | "upstreamBytes">;

/**
 * Gets what is missing of a closure ahead of Nix, in order, as far ahead as there is room, and holds it until Nix has it.
 * What does not come is left to Nix, which asks elsewhere.
 */
export class ClosureDownload implements Disposable {
  readonly #components: ClosureDownloadComponents;
  readonly #pathCount: number;
  readonly #totalBytes: number;
  readonly #waiting: NarInfo[];
  /** NARs that came with wrong bytes, which is known of their sources by now. */
  readonly #spoilt = new Set<NarInfo>();
  readonly #coming = new Set<NarInFlight>();
  readonly #held = new Map<PathHash, Disposable>();
  readonly #validSince: () => readonly PathHash[];
  readonly #peers = new Set<PeerId>();
  #ended: Sums = { doneBytes: 0, peerBytes: 0, upstreamBytes: 0 };
  #donePaths = 0;
  #yieldedMs = 0;
  #turn: Promise<unknown> = Promise.resolve();
  #failure: unknown;

  constructor(components: ClosureDownloadComponents, init: { readonly infos: readonly NarInfo[] }) {
    this.#components = components;
    this.#validSince = components.registrations.follow();
    this.#pathCount = init.infos.length;
    this.#totalBytes = init.infos.reduce((sum, { narSizeBytes }) => sum + narSizeBytes, 0);
    // What nobody here can unpack is Nix's alone.
    this.#waiting = init.infos.filter(({ compression }) => compression === "none");
  }

  get progress(): PlanProgress {
    let sums = this.#ended;
    for (const spool of this.#coming) sums = this.#plus(sums, spool, spool.doneBytes);
    const { size: peers } = this.#peers;
    return { ...sums, totalBytes: this.#totalBytes, donePaths: this.#donePaths, totalPaths: this.#pathCount, peers };
  }

  /** Until all is here or was given up. @throws the first failure, when all the rest is done; the signal's reason */
  async run(signal: AbortSignal): Promise<void> {
    const workers = Array.from({ length: PLAN_LIMITS.parallelNars }, () => this.#work(signal));
    await Promise.all(workers);
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Lets go of what Nix has taken. To be called now and then, also after {@link run}. */
  releaseTaken(): void {
    for (const path of this.#validSince()) this.#release(path);
  }

  [Symbol.dispose](): void {
    for (const path of this.#held.keys()) this.#release(path);
  }

  async #work(signal: AbortSignal): Promise<void> {
    for (;;) {
      // One after the other, so that nothing takes the room of what Nix needs sooner.
      const next = this.#turn.then(() => this.#next(signal));
      this.#turn = next.catch(() => undefined);
      const planned = await next;
      if (planned === undefined) return;
      await this.#get(planned, signal);
    }
  }

  /** The next one, when there is room for it; undefined when there are no more. */
  async #next(signal: AbortSignal): Promise<Planned | undefined> {
    const { clock, store, ahead } = this.#components;
    for (let info = this.#waiting.shift(); info !== undefined; info = this.#waiting.shift()) {
      signal.throwIfAborted();
      await this.#letNixAsk(signal);
      if (isValid(store, pathHashOf(info.path))) {
        this.#donePaths++;
        this.#ended = { ...this.#ended, doneBytes: this.#ended.doneBytes + info.narSizeBytes };
        continue;
      }
      for (;;) {
        // One that is larger than all the room may come alone.
        const room = ahead.tryTake(Math.min(info.narSizeBytes, ahead.sizeBytes));
        if (room !== undefined) return { info, room };
        await pause(clock, PLAN_LIMITS.tickMs, signal);
      }
    }
    return undefined;
  }

  /** What is on its way goes on; nothing new keeps the event loop from answers. After a while NARs come one by one. */
  async #letNixAsk(signal: AbortSignal): Promise<void> {
    const { clock, isNixAsking } = this.#components;
    for (; this.#yieldedMs < PLAN_LIMITS.maxYieldMs && isNixAsking(); this.#yieldedMs += PLAN_LIMITS.yieldMs) {
      await pause(clock, PLAN_LIMITS.yieldMs, signal);
    }
    if (isNixAsking()) await pause(clock, PLAN_LIMITS.shortYieldMs, signal);
  }

  async #get({ info, room }: Planned, signal: AbortSignal): Promise<void> {
    using stack = new DisposableStack();
    stack.use(room);
    try {
      const { spool } = stack.use(await this.#open(info, signal));
      stack.defer(() => this.#coming.delete(spool));
      this.#coming.add(spool);
      await spool.verified(signal);
      this.#coming.delete(spool);
      this.#donePaths++;
      this.#ended = this.#plus(this.#ended, spool, info.narSizeBytes);
      this.#hold(pathHashOf(info.path), stack.move());
    } catch (error) {
      signal.throwIfAborted();
      if (this.#isWorthAnotherTry(info, error)) this.#waiting.unshift(info);
      else this.#failure ??= error;
    }
  }

  /** From others, before Nix asks for it. */
  #isWorthAnotherTry(info: NarInfo, error: unknown): boolean {
    if (!isNiphasError(error) || error.code !== "BadBytes" || this.#spoilt.has(info)) return false;
    this.#spoilt.add(info);
    return true;
  }

  /** Waits for room as long as something is held that Nix will take. @throws as {@link Downloads.open} */
  async #open(info: NarInfo, signal: AbortSignal) {
    for (;;) {
      try {
        return await this.#components.downloads.open(wantedNarOf(info), signal);
      } catch (error) {
        const mayCome = this.#held.size + this.#coming.size > 0;
        if (!mayCome || !isNiphasError(error) || error.kind !== "exhausted") throw error;
        await pause(this.#components.clock, PLAN_LIMITS.tickMs, signal);
      }
    }
  }

  /** Nix may have got it elsewhere meanwhile. */
  #hold(path: PathHash, lease: Disposable): void {
    this.#held.set(path, lease);
    if (isValid(this.#components.store, path)) this.#release(path);
  }

  #release(path: PathHash): void {
    this.#held.get(path)?.[Symbol.dispose]();
    this.#held.delete(path);
  }

  /** What was given up begins anew, and is not counted: more than there is must never be told. */
  #plus(sums: Sums, { segments }: NarInFlight, doneBytes: number): Sums {
    let { peerBytes, upstreamBytes } = sums;
    for (const { source, start, end } of segments.all) {
      if (source === "upstream") upstreamBytes += end - start;
      else peerBytes += end - start;
      if (source !== "upstream") this.#peers.add(source);
    }
    return { doneBytes: sums.doneBytes + doneBytes, peerBytes, upstreamBytes };
  }
}
