/**
 * Runs `work` with a signal of its own, which is aborted as soon as one of the promises that `work` has handed to `add`
 * fails, or `signal` is. Returns or throws only when all of them have ended, so that nothing goes on behind the
 * caller's back.
 */
export async function together<T>(
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal, add: <P>(promise: Promise<P>) => Promise<P>) => Promise<T>,
): Promise<T> {
  const abort = new AbortController();
  const either = signal === undefined ? abort.signal : AbortSignal.any([signal, abort.signal]);
  const pending: Promise<unknown>[] = [];
  const add = <P>(promise: Promise<P>): Promise<P> => {
    // Whoever awaits it sees the failure too; this one ends the others.
    pending.push(promise.catch((error: unknown) => abort.abort(error)));
    return promise;
  };
  try {
    return await add(work(either, add));
  } catch (error) {
    // The failure that came first, which has made the others fail.
    throw abort.signal.reason ?? error;
  } finally {
    while (pending.length > 0) await Promise.all(pending.splice(0));
  }
}
