import { CsiClient, isReady } from "@niphas/testing";

const INTERVAL_MS = 20;

/** Asks Identity.Probe every 20 ms over a connection of its own, as an impatient livenessprobe would. */
export class ProbeLoop implements AsyncDisposable {
  readonly #client: CsiClient;
  readonly #timer: NodeJS.Timeout;
  readonly #running = new Set<Promise<void>>();
  readonly #latenciesMs: number[] = [];
  #failure: string | undefined;

  constructor(socketPath: string) {
    this.#client = new CsiClient(socketPath);
    this.#timer = setInterval(() => this.#track(this.#probe()), INTERVAL_MS);
  }

  /** Waits for the probes under way. @returns milliseconds of each probe */
  async stop(): Promise<readonly number[]> {
    clearInterval(this.#timer);
    await Promise.all(this.#running);
    if (this.#failure !== undefined) throw new Error(this.#failure);
    return this.#latenciesMs;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#client[Symbol.asyncDispose]();
  }

  #track(probe: Promise<void>): void {
    this.#running.add(probe);
    void probe.finally(() => this.#running.delete(probe));
  }

  async #probe(): Promise<void> {
    const outcome = await this.#client.probe();
    if (!isReady(outcome)) this.#failure = `Probe answered ${outcome.code}, not ready: ${outcome.message}`;
    this.#latenciesMs.push(outcome.durationMs);
  }
}
