import { isNiphasError, NiphasError, untilAborted } from "@niphas/core";
import type { PathHash } from "../ports.ts";
import { Stopwatch } from "../substituter/stopwatch.ts";
import { ClosureDownload, type ClosureDownloadComponents } from "./closure-download.ts";
import type { InfoFinder } from "./info-finder.ts";
import { PLAN_LIMITS } from "./limits.ts";
import { isValid, MissingClosure, type MissingClosureComponents } from "./missing-closure.ts";
import type { Clock, PlanEvent, PlanProgress, ReadyPlan } from "./ports.ts";

export interface PlanComponents extends MissingClosureComponents, ClosureDownloadComponents {
  readonly finder: Pick<InfoFinder, "find" | "askOwner">;
  readonly onReady: (plan: ReadyPlan) => void;
}

/** Finds out what of some closures is missing here, and gets it, ahead of Nix. */
export class Plan {
  readonly #components: PlanComponents;
  readonly #roots: readonly PathHash[];
  readonly #closure: MissingClosure;
  #questionsToOwners = 0;
  #download: ClosureDownload | undefined;

  constructor(components: PlanComponents, init: { readonly roots: readonly PathHash[] }) {
    this.#components = components;
    this.#roots = init.roots;
    this.#closure = new MissingClosure(components, init);
  }

  isFinding(path: PathHash): boolean {
    return this.#closure.isFinding(path);
  }

  get progress(): PlanProgress {
    const nothing = { doneBytes: 0, totalBytes: 0, donePaths: 0, peers: 0, peerBytes: 0, upstreamBytes: 0 };
    return this.#download?.progress ?? { ...nothing, totalPaths: this.#closure.pathCount };
  }

  /**
   * What happens, with the progress at least every 250 ms; a reader that does not keep up misses progress and nothing
   * else. Ends when the closure cannot be found out. Else it goes on after `done` or `failed`, since Nix still takes what
   * is here, until the loop is left or the signal aborts.
   */
  async *run(signal: AbortSignal): AsyncGenerator<PlanEvent, void, undefined> {
    const ended = new AbortController();
    const either = AbortSignal.any([signal, ended.signal]);
    const news = new News(this.#components.clock);
    const work = this.#work(either, news);
    try {
      for (;;) {
        const events = news.take();
        yield { event: "progress", ...this.progress };
        yield* events;
        if (news.isLast) return;
        await news.wait(PLAN_LIMITS.tickMs, either);
        this.#download?.releaseTaken();
      }
    } finally {
      ended.abort(new NiphasError("Cancelled", "nobody follows the plan any more"));
      await work;
      this.#download?.[Symbol.dispose]();
    }
  }

  /** Never rejects. */
  async #work(signal: AbortSignal, news: News): Promise<void> {
    const { onReady } = this.#components;
    const watch = new Stopwatch();
    try {
      await this.#askOwners(signal);
      const infos = await this.#closure.resolve(signal);
      onReady({ questions: this.#closure.questions + this.#questionsToOwners, tookMs: watch.elapsedMs });
      this.#download = new ClosureDownload(this.#components, { infos });
      news.add({ event: "ready" });
      await this.#download.run(signal);
      news.add({ event: "done" });
    } catch (error) {
      news.add({ event: "failed", reason: reasonOf(error) });
      if (this.#download === undefined) news.close();
    }
  }

  async #askOwners(signal: AbortSignal): Promise<void> {
    const { store, finder } = this.#components;
    const missing = this.#roots.filter((root) => !isValid(store, root));
    const ask = (root: PathHash): Promise<void> => finder.askOwner(root, () => this.#questionsToOwners++);
    await untilAborted(Promise.all(missing.map(ask)), signal);
  }
}

/** Events that wait for the reader; there are never more than three. */
class News {
  readonly #clock: Clock;
  #events: PlanEvent[] = [];
  #isClosed = false;
  #arrival = Promise.withResolvers<void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Nothing more comes. */
  get isLast(): boolean {
    return this.#isClosed && this.#events.length === 0;
  }

  add(event: PlanEvent): void {
    this.#events.push(event);
    this.#arrival.resolve();
  }

  close(): void {
    this.#isClosed = true;
  }

  take(): readonly PlanEvent[] {
    const events = this.#events;
    this.#events = [];
    this.#arrival = Promise.withResolvers();
    return events;
  }

  /** Until something arrives, no longer. @throws the signal's reason */
  async wait(limitMs: number, signal: AbortSignal): Promise<void> {
    if (this.#events.length > 0) return;
    const late = Promise.withResolvers<void>();
    const timer = this.#clock.setTimer(limitMs, late.resolve);
    try {
      await untilAborted(Promise.race([this.#arrival.promise, late.promise]), signal);
    } finally {
      timer.cancel();
    }
  }
}

function reasonOf(error: unknown): string {
  return isNiphasError(error) ? error.message : "internal error";
}
