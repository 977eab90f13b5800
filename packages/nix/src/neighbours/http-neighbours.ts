import { NiphasError, type StorePath, toNiphasError } from "@niphas/core";
import type { NeighbourProgress, Neighbours, NeighboursPlan } from "../ports.ts";
import { FairTime } from "../realise/fair-time.ts";
import { Patience, type PatienceInit } from "../realise/patience.ts";
import { PlanStream } from "./plan-stream.ts";

export interface HttpNeighboursInit {
  /** Where the mesh daemon of this node listens for Nix, `http://127.0.0.1:<port>`. */
  readonly url: string;
  /** With the mesh, for each realisation. */
  readonly patience?: PatienceInit;
}

const LOOK_MS = 100;

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
      if (await plan.usable) return plan;
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
  readonly patience: Patience;
  progress = NOTHING;
  readonly #time = new FairTime();
  readonly #lost = new AbortController();
  readonly #usable = Promise.withResolvers<boolean>();
  readonly #stream: PlanStream;
  readonly #look: NodeJS.Timeout;
  readonly #limitMs: number;
  #isAlive = false;
  #isReady = false;
  #isSettled = false;

  constructor(init: HttpNeighboursInit, roots: readonly StorePath[], onProgress: OpenOptions["onProgress"]) {
    this.substituter = init.url;
    this.patience = new Patience(init.patience);
    this.#limitMs = this.patience.leftMs;
    this.#look = setInterval(() => this.#wait(), LOOK_MS);
    this.#stream = new PlanStream({
      url: init.url,
      roots,
      onEvent: (event) => {
        this.#isAlive = true;
        if (event.event === "ready") this.#becomeReady();
        if (event.event === "failed") this.#failed(event.reason);
        if (event.event === "progress") this.#progressed(event.progress, onProgress);
      },
      onLost: (reason) => this.giveUp(reason),
    });
  }

  /** Settles when Nix may be started; false: without the mesh. */
  get usable(): Promise<boolean> {
    return this.#usable.promise;
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

  #becomeReady(): void {
    this.#isReady = true;
    this.#settle(true);
  }

  /** Half of the patience later the mesh can tell Nix what it has found out. What Nix gets of it shows more than its words. */
  #wait(): void {
    this.patience.waited(this.#time.elapsedMs());
    if (this.patience.isLost) this.giveUp(tooLate());
    else if (this.#isAlive && this.patience.leftMs <= this.#limitMs / 2) this.#settle(true);
  }

  /** After `ready` the stream goes on: what did not come is left to Nix. So it is when Nix runs already. */
  #failed(reason: string): void {
    if (!this.#isSettled) this.giveUp(unable(reason));
    else if (!this.#isReady) this.#stream.close();
  }

  #progressed(progress: NeighbourProgress, onProgress: OpenOptions["onProgress"]): void {
    this.progress = progress;
    onProgress(progress);
  }

  #settle(isUsable: boolean): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    clearInterval(this.#look);
    this.patience.waited(this.#time.elapsedMs());
    this.#usable.resolve(isUsable);
  }
}

function unable(reason: string): NiphasError {
  return new NiphasError("SubstituterUnavailable", `the mesh cannot find out what is missing: ${reason}`);
}

function tooLate(): NiphasError {
  return new NiphasError("SubstituterUnavailable", "the mesh takes too long to find out what is missing");
}
