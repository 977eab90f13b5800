/** One thing that must work before a pod can be served. */
export interface ReadinessCheck {
  readonly name: string;
  /** What is wrong now, in a sentence; undefined when nothing is. Synchronous and cheap. */
  readonly failure: () => string | undefined;
}

export interface FailedCheck {
  readonly name: string;
  readonly reason: string;
}

/** Whether the plugin can publish: the answer of Probe and of /readyz. */
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
