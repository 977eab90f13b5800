import { NiphasError } from "@niphas/core";
import { fairClock } from "../../fair-time/fair-clock.ts";
import { RPC_LIMITS } from "../limits.ts";

export interface SignsOfLifeInit {
  /** Asks for a sign of life. */
  readonly ping: () => void;
  /** The peer owes something and was silent for `RPC_LIMITS.silenceMs`. */
  readonly onSilence: (error: NiphasError) => void;
}

/** Is the peer there? A slow answer is no silence: it answers pings meanwhile. */
export class SignsOfLife implements Disposable {
  readonly #init: SignsOfLifeInit;
  #heardAtMs = fairClock().nowMs();
  #isSilent = false;
  #isBeatUnanswered = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(init: SignsOfLifeInit) {
    this.#init = init;
  }

  hear(): void {
    this.#heardAtMs = fairClock().nowMs();
    this.#isSilent = false;
    this.#isBeatUnanswered = false;
  }

  /** @param owed how much the peer owes now */
  expect(owed: number): void {
    if (owed > 0 && this.#timer === undefined) {
      this.#heardAtMs = fairClock().nowMs();
      this.#timer = setInterval(() => this.#look(), RPC_LIMITS.silenceMs / 3);
    }
    if (owed === 0) this[Symbol.dispose]();
  }

  /** @throws NiphasError SubstituterUnavailable */
  throwIfSilent(): void {
    if (this.#isSilent) throw silent();
  }

  /** Asks who was silent or quiet. False when nothing has come since the last time that it asked. */
  beat(): boolean {
    if (this.#isBeatUnanswered) return false;
    const isQuiet = fairClock().nowMs() - this.#heardAtMs >= RPC_LIMITS.quietMs;
    this.#isBeatUnanswered = this.#isSilent || isQuiet;
    if (this.#isBeatUnanswered) this.#init.ping();
    return true;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #look(): void {
    const silenceMs = fairClock().nowMs() - this.#heardAtMs;
    this.#isSilent = silenceMs >= RPC_LIMITS.silenceMs;
    if (this.#isSilent) this.#init.onSilence(silent());
    else this.#init.ping();
  }
}

function silent(): NiphasError {
  return new NiphasError("SubstituterUnavailable", "the peer is silent");
}
