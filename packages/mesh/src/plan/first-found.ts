import { setLimit } from "../fair-time/limit.ts";
import type { Clock } from "./ports.ts";

type Question<T> = () => Promise<T | undefined>;

/**
 * The first answer that is not undefined. The first question has a head start; then all run, or as soon as those before
 * have found nothing. Undefined when all have found nothing or failed.
 */
export async function firstFound<T>(
  questions: readonly Question<T>[],
  init: { readonly clock: Clock; readonly headStartMs: number },
): Promise<T | undefined> {
  const { promise, resolve } = Promise.withResolvers<T | undefined>();
  const waiting = [...questions];
  let running = 0;
  const next = (): void => {
    const question = waiting.shift();
    if (question === undefined) {
      if (running === 0) resolve(undefined);
      return;
    }
    running++;
    question()
      .catch(() => undefined)
      .then((answer) => {
        running--;
        if (answer === undefined) next();
        else resolve(answer);
      });
  };
  const timer = setLimit(init.clock, init.headStartMs, next);
  next();
  try {
    return await promise;
  } finally {
    timer.cancel();
    waiting.length = 0;
  }
}
