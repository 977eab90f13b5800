/** Longer texts are no slips of the pen, and cost time to compare. */
const MAX_LENGTH = 64;
const MAX_EDITS = 2;

/**
 * The candidate that was probably meant: the nearest one within two edits (letter added, left out or replaced; case does
 * not count). Undefined when none is near.
 */
export function nearestText(text: string, candidates: readonly string[]): string | undefined {
  if (text.length > MAX_LENGTH) return undefined;
  const distances = candidates.map((candidate) => ({
    candidate,
    edits: editDistance(text.toLowerCase(), candidate.toLowerCase()),
  }));
  const [nearest] = distances.filter(({ edits }) => edits <= MAX_EDITS).sort((a, b) => a.edits - b.edits);
  return nearest?.candidate;
}

/** Levenshtein's distance, row by row: the cost of making the first i letters of `a` the first j of `b`. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...b].entries()) {
      const replaced = (row[j] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
