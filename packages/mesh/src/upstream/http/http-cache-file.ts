import { systemErrorCode } from "@niphas/core";
import type { Dispatcher } from "undici";
import type { CacheFile } from "../../ports.ts";
import type { StallTimer } from "../stall-timer.ts";
import { badBytes, UpstreamUnavailable } from "../unavailable.ts";
import { contentRange } from "./content-range.ts";

export interface HttpCacheFileComponents {
  readonly response: Dispatcher.ResponseData;
  /** Ends with this object. */
  readonly timer: StallTimer;
  readonly name: string;
}

/** A response with status 200 or 206. */
export class HttpCacheFile implements CacheFile {
  readonly totalSizeBytes: number | undefined;
  readonly startsAt: number;
  readonly contentEncoding: string | undefined;
  readonly body: AsyncIterable<Uint8Array>;
  readonly #components: HttpCacheFileComponents;

  /** @throws NiphasError BadBytes when the response starts elsewhere than asked */
  constructor(components: HttpCacheFileComponents, init: { readonly start: number; readonly signal: AbortSignal }) {
    this.#components = components;
    const { response, name } = components;
    // What breaks before somebody reads is told to who reads then.
    response.body.on("error", () => undefined);
    const { startsAt, totalSizeBytes } = placeOf(response);
    if (startsAt !== init.start && startsAt !== 0) {
      response.body.destroy();
      throw badBytes(name, "answers with other bytes than it was asked for");
    }
    this.startsAt = startsAt;
    this.totalSizeBytes = totalSizeBytes;
    const encoding = headerOf(response, "content-encoding")?.trim().toLowerCase();
    this.contentEncoding = encoding === "" || encoding === "identity" ? undefined : encoding;
    this.body = this.#read(init.signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#components.timer[Symbol.dispose]();
    this.#components.response.body.destroy();
  }

  async *#read(signal: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
    const { response, timer, name } = this.#components;
    const chunks: AsyncIterator<Uint8Array> = response.body[Symbol.asyncIterator]();
    try {
      for (;;) {
        const next = await timer.watch(() => chunks.next());
        if (next.done === true) return;
        yield next.value;
      }
    } catch (cause) {
      signal.throwIfAborted();
      if (timer.hasStalled) throw new UpstreamUnavailable(name, "stopped sending in the middle of a file");
      const code = systemErrorCode(cause);
      throw new UpstreamUnavailable(
        name,
        `broke off in the middle of a file${code === undefined ? "" : ` (${code})`}`,
        {
          cause,
        },
      );
    } finally {
      await this[Symbol.asyncDispose]();
    }
  }
}

function placeOf(response: Dispatcher.ResponseData) {
  if (response.statusCode === 206) {
    const range = contentRange(headerOf(response, "content-range"));
    return { startsAt: range?.start ?? -1, totalSizeBytes: range?.totalSizeBytes };
  }
  const length = headerOf(response, "content-length");
  return { startsAt: 0, totalSizeBytes: length === undefined ? undefined : Number(length) };
}

function headerOf(response: Dispatcher.ResponseData, name: string): string | undefined {
  const value = response.headers[name];
  return typeof value === "string" ? value : value?.[0];
}
