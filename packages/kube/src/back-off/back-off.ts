export interface BackOffInit {
  /** The longest first wait. @default 500 */
  readonly firstMs?: number;
  /** @default 30_000 */
  readonly maxMs?: number;
  /** Between 0 and 1. @default Math.random */
  readonly random?: () => number;
}

const DEFAULT_FIRST_MS = 500;
const DEFAULT_MAX_MS = 30_000;
const MAX_DOUBLINGS = 20;

/** How long to wait after the n-th failure in a row, n from 1: doubles up to a bound, the upper half of it by chance. */
export function backOffMs(failureCount: number, init: BackOffInit = {}): number {
  const { firstMs = DEFAULT_FIRST_MS, maxMs = DEFAULT_MAX_MS, random = Math.random } = init;
  const longestMs = Math.min(maxMs, firstMs * 2 ** Math.min(failureCount - 1, MAX_DOUBLINGS));
  return longestMs * (0.5 + random() / 2);
}
