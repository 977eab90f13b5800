import { NiphasError } from "@niphas/core";
import type { ByteBudget } from "../budgets/byte-budget.ts";
import { FAILURE } from "../wire/rpc-frame.ts";

/** A request that waits for its answer, and the parts of it that are there. */
export class PendingAnswer implements Disposable {
  readonly #maxBytes: number;
  readonly #budget: ByteBudget;
  readonly #parts: Uint8Array[] = [];
  readonly #outcome = Promise.withResolvers<Uint8Array>();
  #sizeBytes = 0;

  constructor(maxBytes: number, budget: ByteBudget) {
    this.#maxBytes = maxBytes;
    this.#budget = budget;
    // It may fail before anybody waits.
    this.#outcome.promise.catch(() => undefined);
  }

  /** The whole answer. @throws NiphasError SubstituterUnavailable, BadBytes */
  get whole(): Promise<Uint8Array> {
    return this.#outcome.promise;
  }

  /** @throws NiphasError BadBytes when it becomes longer than such an answer may be */
  add(part: Uint8Array, isLast: boolean): void {
    if (this.#sizeBytes + part.byteLength > this.#maxBytes) {
      throw new NiphasError("BadBytes", "a peer's answer is longer than any true one");
    }
    if (part.byteLength === 0 && !isLast) throw new NiphasError("BadBytes", "a peer sent a part without bytes");
    if (!this.#budget.tryTake(part.byteLength)) {
      this.fail(new NiphasError("SubstituterUnavailable", "too many long answers are on their way"));
      return;
    }
    this.#sizeBytes += part.byteLength;
    this.#parts.push(part);
    if (isLast) this.#outcome.resolve(Buffer.concat(this.#parts));
  }

  /** @param reason a number of `Failure.Reason` */
  refuse(reason: number): void {
    const word = REASONS[reason] ?? "for a reason that we do not know";
    this.fail(new NiphasError("SubstituterUnavailable", `the peer did not answer: ${word}`));
  }

  fail(error: Error): void {
    this.#outcome.reject(error);
  }

  [Symbol.dispose](): void {
    this.#budget.giveBack(this.#sizeBytes);
    this.#sizeBytes = 0;
    this.#parts.length = 0;
  }
}

const REASONS: Readonly<Record<number, string>> = {
  [FAILURE.internal]: "something failed there",
  [FAILURE.busy]: "it is busy",
  [FAILURE.unknownKind]: "it does not know the question",
  [FAILURE.invalidRequest]: "it does not understand the question",
  [FAILURE.tooLarge]: "the answer is too long",
  [FAILURE.tooLate]: "it took too long",
};
