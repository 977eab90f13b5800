import { NiphasError, type StorePath, toNiphasError } from "@niphas/core";
import type { NeighbourProgress, Neighbours, NeighboursPlan } from "../ports.ts";
import { PlanStream } from "./plan-stream.ts";

export interface HttpNeighboursInit {
  /** Where the mesh daemon of this node listens for Nix, `http://127.0.0.1:<port>`. */
  readonly url: string;
  /** Without a new step for so long, or after so long in all, Nix is started without the mesh. */
  readonly stepMs?: number;
  readonly readyMs?: number;
}

const DEFAULT_STEP_MS = 1_500;
const DEFAULT_READY_MS = 5_000;

const NOTHING: NeighbourProgress = {
  doneBytes: 0,
  totalBytes: 0,
  donePaths: 0,
  totalPaths: 0,
  peers: 0,
  peerBytes: 0,
  upstreamBytes: 0,
};

type OpenOptions = Parameters<Neighbours["open"]>[1];

/** The mesh daemon, asked by `POST /plan`. */
export class HttpNeighbours implements Neighbours {
  readonly #init: HttpNeighboursInit;

  constructor(init: HttpNeighboursInit) {
    this.#init = init;
  }

  async open(roots: readonly StorePath[], options: OpenOptions): Promise<NeighboursPlan | undefined> {
    const { signal, onProgress, onUnused } = options;
    signal.throwIfAborted();
    const plan = new HttpPlan(this.#init, roots, onProgress);
    const onAbort = (): void => plan.giveUp(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      if (await plan.ready) return plan;
      if (!signal.aborted) onUnused(toNiphasError(plan.lost.reason));
      return undefined;
    } finally {
      signal.removeEventListener("abort", onAbort);
      signal.throwIfAborted();
    }
  }
}

class HttpPlan implements NeighboursPlan {
  readonly substituter: string;
  progress = NOTHING;
  readonly #lost = new AbortController();
  readonly #ready = Promise.withResolvers<boolean>();
  readonly #stream: PlanStream;
  readonly #end: NodeJS.Timeout;
  readonly #step: NodeJS.Timeout;
  #isReady = false;

  constructor(init: HttpNeighboursInit, roots: readonly StorePath[], onProgress: OpenOptions["onProgress"]) {
    this.substituter = init.url;
    this.#end = setTimeout(() => this.giveUp(tooLate()), init.readyMs ?? DEFAULT_READY_MS);
    this.#step = setTimeout(() => this.giveUp(tooLate()), init.stepMs ?? DEFAULT_STEP_MS);
    this.#stream = new PlanStream({
      url: init.url,
      roots,
      onEvent: (event) => {
        if (event.event === "ready") this.#settle(true);
        // After `ready` the stream goes on: what did not come is left to Nix.
        if (event.event === "failed" && !this.#isReady) this.giveUp(unable(event.reason));
        if (event.event === "progress") this.#progressed(event.progress, onProgress);
      },
      onLost: (reason) => this.giveUp(reason),
    });
  }

  /** False: without the mesh. */
  get ready(): Promise<boolean> {
    return this.#ready.promise;
  }

  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  giveUp(reason: unknown): void {
    this.#lost.abort(reason);
    this.close();
  }

  close(): void {
    this.#settle(false);
    this.#stream.close();
  }

  #progressed(progress: NeighbourProgress, onProgress: OpenOptions["onProgress"]): void {
    const hasStepped = progress.totalPaths > this.progress.totalPaths;
    this.progress = progress;
    // A timer that was cleared would start again.
    if (hasStepped && !this.#isReady) this.#step.refresh();
    onProgress(progress);
  }

  #settle(isReady: boolean): void {
    this.#isReady ||= isReady;
    clearTimeout(this.#end);
    clearTimeout(this.#step);
    this.#ready.resolve(isReady);
  }
}

function unable(reason: string): NiphasError {
  return new NiphasError("SubstituterUnavailable", `the mesh cannot find out what is missing: ${reason}`);
}

function tooLate(): NiphasError {
  return new NiphasError("SubstituterUnavailable", "the mesh takes too long to find out what is missing");
}
