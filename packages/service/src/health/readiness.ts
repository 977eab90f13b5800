/** One thing that must work before the service can. */
export interface ReadinessCheck {
  readonly name: string;
  /** What is wrong now, in a sentence; undefined when nothing is. Synchronous and cheap. */
  readonly failure: () => string | undefined;
}

export interface FailedCheck {
  readonly name: string;
  readonly reason: string;
}

/** Whether a service can do its work now: the answer of /readyz, and of what else asks for it. */
export class Readiness {
  readonly #checks: ReadinessCheck[] = [];

  add(check: ReadinessCheck): void {
    this.#checks.push(check);
  }

  /** Every check that fails now; a check that throws has failed. */
  failures(): readonly FailedCheck[] {
    return this.#checks.flatMap(({ name, failure }) => {
      const reason = reasonOf(failure);
      return reason === undefined ? [] : [{ name, reason }];
    });
  }
}

function reasonOf(failure: () => string | undefined): string | undefined {
  try {
    return failure();
  } catch (error) {
    return error instanceof Error ? error.message : "failed";
  }
}
