import type { RealiseProgress } from "@niphas/nix";
import type { Output } from "../terminal/output.ts";
import { describeProgress, renderBar } from "./progress-line.ts";

/** Tells the person who waits how far the work is. Always on standard error. */
export interface ProgressReporter {
  /** Names a step that has no figures, such as `building the view`. */
  step(text: string): void;
  update(progress: RealiseProgress): void;
  /** Leaves the terminal clean; idempotent. */
  close(): void;
}

export type ProgressStyle = "bar" | "lines" | "none";

const BAR_INTERVAL_MS = 100;
const LINE_INTERVAL_MS = 5_000;

/** `bar` on a terminal, `lines` elsewhere, `none` with --quiet. */
export function progressStyle(output: Output, isQuiet: boolean): ProgressStyle {
  if (isQuiet) return "none";
  return output.isErrorTerminal ? "bar" : "lines";
}

export function createProgressReporter(
  output: Output,
  style: ProgressStyle,
  nowMs: () => number = () => performance.now(),
): ProgressReporter {
  if (style === "bar") return new BarReporter(output, nowMs);
  if (style === "lines") return new LineReporter(output, nowMs);
  return { step: () => undefined, update: () => undefined, close: () => undefined };
}

/** One line that is written over and over, and gone at the end. */
class BarReporter implements ProgressReporter {
  readonly #output: Output;
  readonly #nowMs: () => number;
  #drawnAtMs = Number.NEGATIVE_INFINITY;
  #drawnText = "";

  constructor(output: Output, nowMs: () => number) {
    this.#output = output;
    this.#nowMs = nowMs;
  }

  step(text: string): void {
    this.#draw(`niphas: ${text}`.slice(0, this.#output.columns - 1));
  }

  update(progress: RealiseProgress): void {
    const isDue = this.#nowMs() - this.#drawnAtMs >= BAR_INTERVAL_MS;
    if (isDue || progress.phase === "done") this.#draw(renderBar(progress, this.#output.columns));
  }

  close(): void {
    if (this.#drawnText !== "") this.#output.writeError("\r\x1b[K");
    this.#drawnText = "";
  }

  #draw(line: string): void {
    this.#output.writeError(`\r\x1b[K${line}`);
    this.#drawnText = line;
    this.#drawnAtMs = this.#nowMs();
  }
}

/** Whole lines at intervals, for logs. A fetch that is over at once says nothing until it is done. */
class LineReporter implements ProgressReporter {
  readonly #output: Output;
  readonly #nowMs: () => number;
  #writtenAtMs: number;
  #lastText = "";

  constructor(output: Output, nowMs: () => number) {
    this.#output = output;
    this.#nowMs = nowMs;
    this.#writtenAtMs = nowMs();
  }

  step(text: string): void {
    this.#line(text);
  }

  update(progress: RealiseProgress): void {
    const isDue = this.#nowMs() - this.#writtenAtMs >= LINE_INTERVAL_MS;
    const hasFetched = progress.phase === "done" && progress.donePaths > 0;
    if (isDue || hasFetched) this.#line(describeProgress(progress));
  }

  close(): void {
    this.#lastText = "";
  }

  #line(text: string): void {
    if (text === this.#lastText) return;
    this.#lastText = text;
    this.#writtenAtMs = this.#nowMs();
    this.#output.writeError(`niphas: ${text}\n`);
  }
}
