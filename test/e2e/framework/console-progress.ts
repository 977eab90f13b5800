import type { CaseProgress } from "./story.ts";

/** Prints what happens when, each line with the seconds since the start. */
export class ConsoleProgress implements CaseProgress {
  readonly #startedAtMs = performance.now();
  readonly #write: (text: string) => void;

  constructor(write: (text: string) => void = (text) => process.stdout.write(text)) {
    this.#write = write;
  }

  heading(text: string): void {
    this.#write(`\n== ${text}\n`);
  }

  /** One line at the time that it is now. */
  line(text: string): void {
    const seconds = ((performance.now() - this.#startedAtMs) / 1000).toFixed(1).padStart(7);
    this.#write(`${seconds} s  ${text}\n`);
  }

  note(text: string): void {
    for (const line of text.split("\n")) this.#write(`${" ".repeat(15)}${line}\n`);
  }

  async step<T>(what: string, action: () => Promise<T>): Promise<T> {
    const startedAtMs = performance.now();
    try {
      const result = await action();
      this.line(`    ${what} (${formatDuration(performance.now() - startedAtMs)})`);
      return result;
    } catch (error) {
      this.line(`    ${what}: failed after ${formatDuration(performance.now() - startedAtMs)}`);
      throw error;
    }
  }
}

/** `850 ms`, `12.3 s`, `4 min 05 s`. */
export function formatDuration(durationMs: number): string {
  if (durationMs < 1000) return `${Math.round(durationMs)} ms`;
  if (durationMs < 60_000) return `${(durationMs / 1000).toFixed(1)} s`;
  const seconds = Math.round(durationMs / 1000);
  return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, "0")} s`;
}
