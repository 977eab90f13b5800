/** A body whose first bytes are there: until then an error can still become a 404. */
export interface OpenedBody {
  /** Reading throws what the source throws; leaving it closes the source. */
  readonly stream: ReadableStream<Uint8Array>;
}

/**
 * Reads the first chunk.
 * @param onFailure is told what breaks after that
 * @throws what the source throws before its first chunk
 */
export async function openBody(
  source: AsyncIterable<Uint8Array>,
  onFailure: (error: unknown) => void,
): Promise<OpenedBody> {
  const chunks = source[Symbol.asyncIterator]();
  const first = await chunks.next();
  async function* read(): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      for (let next = first; next.done !== true; next = await chunks.next()) yield next.value;
    } catch (error) {
      onFailure(error);
      throw error;
    } finally {
      await chunks.return?.();
    }
  }
  return { stream: streamOf(read()) };
}

/** With nothing read ahead. A generator that nobody has begun to read has no `finally` yet: cancelling begins it. */
function streamOf(chunks: AsyncGenerator<Uint8Array, void, undefined>): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const next = await chunks.next();
        if (next.done === true) controller.close();
        else controller.enqueue(next.value);
      },
      async cancel() {
        await chunks.next().catch(() => undefined);
        await chunks.return();
      },
    },
    { highWaterMark: 0 },
  );
}
