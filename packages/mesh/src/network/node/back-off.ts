const FIRST_MS = 1_000;
const LONGEST_MS = 60_000;
const JITTER = 0.2;

/** How long to leave a peer alone after so many failures in a row: 1 s, doubled each time up to a minute, ± 20 %. */
export function backOffMs(failures: number, random: () => number = Math.random): number {
  const plainMs = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.max(0, failures - 1));
  return plainMs * (1 - JITTER + 2 * JITTER * random());
}
