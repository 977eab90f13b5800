import type { Semaphore } from "@niphas/nix";

/** A place in a semaphore until it is disposed of. @throws the signal's reason when it aborts before there is one */
export async function hold(semaphore: Semaphore, signal: AbortSignal): Promise<Disposable> {
  const { promise: entered, resolve: enter, reject } = Promise.withResolvers<void>();
  const { promise: left, resolve: leave } = Promise.withResolvers<void>();
  semaphore
    .run(signal, async () => {
      enter();
      await left;
    })
    .catch(reject);
  await entered;
  return { [Symbol.dispose]: leave };
}
