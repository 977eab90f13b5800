import { isNiphasError, type NarInfo, untilAborted } from "@niphas/core";
import { Semaphore } from "@niphas/nix";
import type { PathHash, Upstream } from "../ports.ts";
import { Pause, type PauseInit } from "./pause.ts";
import { UpstreamUnavailable } from "./unavailable.ts";
import type { UpstreamAttempt } from "./upstream-answer.ts";

export interface GuardedUpstreamInit {
  /** Longest wait for the answer to one question. */
  readonly answerTimeoutMs: number;
  /** Questions under way at once; others wait, and their time begins after that. */
  readonly maxQuestions: number;
  readonly nowMs: () => number;
  readonly pause?: PauseInit | undefined;
}

export interface GuardedUpstreamComponents {
  readonly upstream: Upstream;
  /** Whether a trusted key has signed this. */
  readonly isTrusted: (info: NarInfo) => boolean | Promise<boolean>;
}

/** The info is there when the outcome is `found`. */
export interface GuardedAnswer {
  readonly attempt: UpstreamAttempt;
  readonly info?: NarInfo;
}

/** An upstream that is not asked while it is paused, and of which only signed narinfos come through. */
export class GuardedUpstream {
  readonly upstream: Upstream;
  readonly #isTrusted: GuardedUpstreamComponents["isTrusted"];
  readonly #init: GuardedUpstreamInit;
  readonly #pause: Pause;
  readonly #questions: Semaphore;

  constructor(components: GuardedUpstreamComponents, init: GuardedUpstreamInit) {
    this.upstream = components.upstream;
    this.#isTrusted = components.isTrusted;
    this.#init = init;
    this.#questions = new Semaphore(init.maxQuestions);
    this.#pause = new Pause({ nowMs: init.nowMs, ...init.pause });
  }

  /** Asks for one path. Never throws but for the signal: what went wrong is in the attempt. */
  async ask(path: PathHash, signal: AbortSignal): Promise<GuardedAnswer> {
    return this.#questions.run(signal, () => this.#askNow(path, signal));
  }

  async #askNow(path: PathHash, signal: AbortSignal): Promise<GuardedAnswer> {
    const askedMs = this.#init.nowMs();
    const end = (outcome: UpstreamAttempt["outcome"], reason: string) => {
      return { upstream: this.upstream.name, outcome, reason, tookMs: this.#init.nowMs() - askedMs };
    };
    const paused = this.#pause.enter();
    if (paused !== undefined) return { attempt: end("paused", paused) };
    try {
      const info = await this.#report(() => this.#narInfo(path, signal), signal);
      if (info === undefined) return { attempt: end("absent", "does not have it") };
      if (await this.#isTrusted(info)) return { attempt: end("found", "has it"), info };
      return { attempt: end("untrusted", "has it without a signature by a trusted key") };
    } catch (error) {
      signal.throwIfAborted();
      const reason = isNiphasError(error) ? error.message : "internal error";
      return { attempt: end(isNiphasError(error) && error.code === "BadBytes" ? "corrupt" : "failed", reason) };
    }
  }

  /** Does other work with the upstream. @throws UpstreamUnavailable while it is paused, and what the work throws */
  async run<T>(work: (upstream: Upstream) => Promise<T>, signal: AbortSignal): Promise<T> {
    const paused = this.#pause.enter();
    if (paused !== undefined) throw new UpstreamUnavailable(this.upstream.name, paused);
    return this.#report(() => work(this.upstream), signal);
  }

  async #narInfo(path: PathHash, signal: AbortSignal): Promise<NarInfo | undefined> {
    const { answerTimeoutMs } = this.#init;
    const deadline = AbortSignal.timeout(answerTimeoutMs);
    const ended = AbortSignal.any([signal, deadline]);
    try {
      return await untilAborted(this.upstream.narInfo(path, ended), ended);
    } catch (error) {
      if (signal.aborted || !deadline.aborted) throw error;
      throw new UpstreamUnavailable(this.upstream.name, `did not answer within ${answerTimeoutMs} ms`);
    }
  }

  /** Tells the pause what comes of the work. */
  async #report<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    const askedMs = this.#init.nowMs();
    try {
      const result = await work();
      this.#pause.succeeded();
      return result;
    } catch (error) {
      const isDown = !isNiphasError(error) || error.kind === "unavailable";
      if (signal.aborted) this.#pause.left();
      else if (isDown) this.#pause.failed(reasonOf(error), askedMs, retryAfterMsOf(error));
      else this.#pause.succeeded();
      throw error;
    }
  }
}

function reasonOf(error: unknown): string {
  return isNiphasError(error) ? error.message : "internal error";
}

function retryAfterMsOf(error: unknown): number | undefined {
  return error instanceof UpstreamUnavailable ? error.retryAfterMs : undefined;
}
