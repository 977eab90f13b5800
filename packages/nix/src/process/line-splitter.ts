/**
 * Cuts a stream into lines of bounded length. Longer lines are cut short, so
 * that a child cannot fill our memory; their rest is dropped.
 */
export class LineSplitter {
  readonly #onLine: (line: string) => void;
  readonly #maxLineLength: number;
  #rest = "";

  constructor(onLine: (line: string) => void, maxLineLength: number) {
    this.#onLine = onLine;
    this.#maxLineLength = maxLineLength;
  }

  push(text: string): void {
    const lines = text.split("\n");
    const last = lines.pop() ?? "";
    for (const line of lines) {
      this.#append(line);
      this.#emit();
    }
    this.#append(last);
  }

  /** Emits what is left after the last newline. */
  end(): void {
    if (this.#rest !== "") this.#emit();
  }

  #append(text: string): void {
    const room = this.#maxLineLength - this.#rest.length;
    if (room > 0) this.#rest += text.slice(0, room);
  }

  #emit(): void {
    const line = this.#rest;
    this.#rest = "";
    this.#onLine(line);
  }
}
