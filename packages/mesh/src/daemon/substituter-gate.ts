import { Hono } from "hono";

type Fetch = (request: Request) => Response | Promise<Response>;
type Recall = (url: string) => string | undefined;

/**
 * Stands before the substituter, so that Nix finds somebody as long as the process runs: until the daemon is ready, and
 * from the moment it shuts down, everything is 404. A refused connection would cost older Nix four seconds for each path.
 */
export class SubstituterGate {
  readonly app = new Hono();
  /** NARs that are being sent. A request's signal aborts when its connection has taken the answer, or has gone. */
  readonly #running = new Set<Request>();
  #fetch: Fetch | undefined;
  #recall: Recall = () => undefined;
  #onIdle: () => void = () => undefined;

  constructor() {
    this.app.all("*", (c) => this.#serve(c.req.raw));
  }

  open(fetch: Fetch, recall: Recall = () => undefined): void {
    this.#fetch = fetch;
    this.#recall = recall;
  }

  /** As `SubstituterListenerComponents.recall`. */
  recall(url: string): string | undefined {
    return this.#recall(url);
  }

  get runningCount(): number {
    return this.#running.size;
  }

  /** Lets nothing new in, and waits for what is being sent, but no longer than `graceMs`. */
  async close(graceMs: number): Promise<void> {
    this.#fetch = undefined;
    this.#recall = () => undefined;
    if (this.#running.size === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onIdle = resolve;
    const timer = setTimeout(resolve, graceMs);
    await promise;
    clearTimeout(timer);
  }

  async #serve(request: Request): Promise<Response> {
    if (this.#fetch === undefined) return new Response("404\n", { status: 404 });
    if (new URL(request.url).pathname.startsWith("/nar/")) this.#follow(request);
    return await this.#fetch(request);
  }

  #follow(request: Request): void {
    this.#running.add(request);
    const end = (): void => {
      this.#running.delete(request);
      if (this.#running.size === 0) this.#onIdle();
    };
    if (request.signal.aborted) end();
    else request.signal.addEventListener("abort", end, { once: true });
  }
}
