/** What must be taken down again, in reverse order of being set up. */
export class Teardown {
  readonly #steps: (() => void | Promise<void>)[] = [];
  readonly #onError: (error: unknown) => void;

  /** @param onError hears of a step that fails; the others still run */
  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  defer(step: () => void | Promise<void>): void {
    this.#steps.push(step);
  }

  async run(): Promise<void> {
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) {
      try {
        await step();
      } catch (error) {
        this.#onError(error);
      }
    }
  }
}
