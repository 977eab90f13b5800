/** Every call to the API server ends in half a minute. Work that takes this long hangs, and only a restart helps. */
const MAX_RUN_MS = 300_000;

/** What to say when work on a node hangs; undefined when none does. */
export function hangOf({ longestRunMs }: { readonly longestRunMs: number }): string | undefined {
  return longestRunMs <= MAX_RUN_MS ? undefined : `work on a node has taken ${Math.round(longestRunMs / 1000)} s`;
}
