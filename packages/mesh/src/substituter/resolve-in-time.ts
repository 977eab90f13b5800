import type { NarInfo } from "@niphas/core";
import type { PathHash } from "../ports.ts";
import type { NarInfoSource } from "./ports.ts";

export interface NarInfoBudgets {
  /** For paths that nobody is finding out about. @default 50 */
  readonly unknownMs: number;
  /** For paths that are in a plan or being asked for. @default 2_000 */
  readonly pendingMs: number;
}

export const DEFAULT_BUDGETS: NarInfoBudgets = { unknownMs: 50, pendingMs: 2_000 };

/** Never throws, never takes longer than the budget; an error of the source is as good as "absent". */
export async function resolveInTime(
  source: NarInfoSource,
  path: PathHash,
  budgets: NarInfoBudgets,
  signal: AbortSignal,
): Promise<NarInfo | "absent" | "late"> {
  const { promise, resolve } = Promise.withResolvers<NarInfo | "absent" | "late">();
  const longest = setTimeout(() => resolve("late"), budgets.pendingMs);
  const short = setTimeout(() => {
    if (!source.isPending(path)) resolve("late");
  }, budgets.unknownMs);
  try {
    ask(source, path, budgets.pendingMs, signal).then(
      (info) => resolve(info ?? "absent"),
      () => resolve("absent"),
    );
    return await promise;
  } finally {
    clearTimeout(longest);
    clearTimeout(short);
  }
}

/** Also turns what the source throws at once into a rejection. */
async function ask(source: NarInfoSource, path: PathHash, budgetMs: number, signal: AbortSignal) {
  return source.resolve(path, { budgetMs, signal });
}
