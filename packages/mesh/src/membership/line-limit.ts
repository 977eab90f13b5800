const PERIOD_MS = 300_000;
const MAX_KEYS = 256;

/** For lines of the log about what fails again and again: one for each key in five minutes. */
export class LineLimit {
  readonly #writtenAtMs = new Map<string, number>();
  readonly #nowMs: () => number;

  /** @param init.nowMs monotonic */
  constructor(init: { readonly nowMs?: () => number } = {}) {
    this.#nowMs = init.nowMs ?? (() => performance.now());
  }

  /** Whether a line about `key` may be written now; if so, it counts as written. */
  take(key: string): boolean {
    const nowMs = this.#nowMs();
    const writtenAtMs = this.#writtenAtMs.get(key);
    if (writtenAtMs !== undefined && nowMs - writtenAtMs < PERIOD_MS) return false;
    if (writtenAtMs === undefined && this.#writtenAtMs.size >= MAX_KEYS) return false;
    this.#writtenAtMs.set(key, nowMs);
    return true;
  }

  /** What has failed works again: its next failure is news. */
  forget(key: string): void {
    this.#writtenAtMs.delete(key);
  }
}
