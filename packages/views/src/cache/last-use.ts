import type { ViewKey } from "@niphas/core";

const FLUSH_AFTER_MS = 1000;

/** Remembers when views were last used, and writes it down in bulk: a hundred publishes of one view are one write. */
export class LastUse {
  readonly #write: (key: ViewKey, atMs: number) => void;
  readonly #report: (error: unknown) => void;
  readonly #unwritten = new Map<ViewKey, number>();
  #timer: NodeJS.Timeout | undefined;

  constructor(write: (key: ViewKey, atMs: number) => void, report: (error: unknown) => void) {
    this.#write = write;
    this.#report = report;
  }

  note(key: ViewKey, atMs: number): void {
    this.#unwritten.set(key, atMs);
    this.#timer ??= setTimeout(() => this.flush(), FLUSH_AFTER_MS).unref();
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const [key, atMs] of this.#unwritten) this.#attempt(key, atMs);
    this.#unwritten.clear();
  }

  #attempt(key: ViewKey, atMs: number): void {
    try {
      this.#write(key, atMs);
    } catch (error) {
      this.#report(error);
    }
  }
}
