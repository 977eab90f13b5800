import { NiphasError, systemErrorCode } from "@niphas/core";
import { type Dispatcher, request } from "undici";
import type { CacheFile } from "../../ports.ts";
import type { CacheFiles } from "../cache-files.ts";
import { StallTimer } from "../stall-timer.ts";
import { badBytes, UpstreamUnavailable } from "../unavailable.ts";
import { HttpCacheFile } from "./http-cache-file.ts";
import { redirectTarget } from "./redirect.ts";
import { retryAfterMs } from "./retry-after.ts";

/** Headers that prove who we are, for one request to the cache itself. */
export type Authorize = (url: URL) => Promise<Readonly<Record<string, string>>>;

export interface HttpFilesInit {
  /** Ends in `/`. */
  readonly base: URL;
  /** Where it is, without credentials. */
  readonly name: string;
  /** Whether a narinfo may name a file elsewhere. */
  readonly allowsOtherOrigins: boolean;
  /** How long we wait for the next bytes, the first ones included. */
  readonly stallTimeoutMs: number;
}

/** As many as curl follows for Nix. libstore/filetransfer.cc CURLOPT_MAXREDIRS */
const MAX_REDIRECTS = 10;
const MAX_DISCARDED_BYTES = 64 * 1024;
/** 403 is what S3 says of a missing object to who may not list; Nix takes it for "not there" too. */
const NOT_THERE: readonly number[] = [403, 404, 410];

/** The files of a cache over HTTP. Credentials go to the cache's own origin and nowhere else. */
export class HttpFiles implements CacheFiles {
  readonly name: string;
  readonly #dispatcher: Dispatcher;
  readonly #authorize: Authorize;
  readonly #init: HttpFilesInit;

  /** @param components.dispatcher is closed with this object */
  constructor(components: { readonly dispatcher: Dispatcher; readonly authorize: Authorize }, init: HttpFilesInit) {
    this.name = init.name;
    this.#dispatcher = components.dispatcher;
    this.#authorize = components.authorize;
    this.#init = init;
  }

  async open(file: string, start: number, signal: AbortSignal): Promise<CacheFile | undefined> {
    const timer = new StallTimer({ timeoutMs: this.#init.stallTimeoutMs });
    try {
      const response = await this.#follow(this.#urlOf(file), start, timer, signal);
      if (response.statusCode === 200 || response.statusCode === 206) {
        return new HttpCacheFile({ response, timer, name: this.name }, { start, signal });
      }
      this.#discard(response);
      timer[Symbol.dispose]();
      if (NOT_THERE.includes(response.statusCode)) return undefined;
      throw this.#refused(response);
    } catch (error) {
      timer[Symbol.dispose]();
      signal.throwIfAborted();
      throw error instanceof NiphasError ? error : this.#unreachable(error, timer);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#dispatcher.destroy();
  }

  #urlOf(file: string): URL {
    const url = URL.canParse(file, this.#init.base.href) ? new URL(file, this.#init.base) : undefined;
    const isHttp = url?.protocol === "http:" || url?.protocol === "https:";
    if (url === undefined || !isHttp) throw badBytes(this.name, "a narinfo names a NAR that is not at an HTTP address");
    if (url.origin !== this.#init.base.origin && !this.#init.allowsOtherOrigins) {
      throw badBytes(this.name, "a narinfo names a NAR outside the cache");
    }
    return url;
  }

  async #follow(first: URL, start: number, timer: StallTimer, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    let url = first;
    for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
      const response = await timer.watch(() => this.#send(url, start, AbortSignal.any([signal, timer.signal])));
      const target = redirectTarget(url, response.statusCode, textOf(response.headers["location"]));
      if (target === undefined) return response;
      this.#discard(response);
      if (target === "refused") throw new UpstreamUnavailable(this.name, "redirects to where we do not go");
      url = target;
    }
    throw new UpstreamUnavailable(this.name, `redirects more than ${MAX_REDIRECTS} times`);
  }

  async #send(url: URL, start: number, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    const credentials = url.origin === this.#init.base.origin ? await this.#authorize(url) : {};
    const bare = new URL(url);
    bare.username = "";
    bare.password = "";
    return request(bare, {
      dispatcher: this.#dispatcher,
      signal,
      headers: {
        "user-agent": "niphas",
        // An encoding on top would make ranges useless.
        "accept-encoding": "identity",
        ...(start > 0 ? { range: `bytes=${start}-` } : {}),
        ...credentials,
      },
    });
  }

  /** Reads away what little is left of an answer, so that its connection serves the next question. */
  #discard({ body }: Dispatcher.ResponseData): void {
    body.on("error", () => undefined);
    const signal = AbortSignal.timeout(this.#init.stallTimeoutMs);
    body.dump({ limit: MAX_DISCARDED_BYTES, signal }).catch(() => undefined);
  }

  #refused({ statusCode, headers }: Dispatcher.ResponseData): NiphasError {
    if (statusCode === 416) return badBytes(this.name, "a file is shorter than its narinfo says");
    const reason = statusCode === 401 || statusCode === 407 ? "wants other credentials than it got" : "answers";
    return new UpstreamUnavailable(this.name, `${reason} (HTTP ${statusCode})`, {
      retryAfterMs: retryAfterMs(textOf(headers["retry-after"]), Date.now()),
    });
  }

  #unreachable(cause: unknown, timer: StallTimer): NiphasError {
    if (timer.hasStalled) {
      return new UpstreamUnavailable(this.name, `did not answer within ${this.#init.stallTimeoutMs} ms`);
    }
    const code = systemErrorCode(cause);
    return new UpstreamUnavailable(this.name, `cannot be reached${code === undefined ? "" : ` (${code})`}`, { cause });
  }
}

function textOf(header: string | readonly string[] | undefined): string | undefined {
  return typeof header === "string" ? header : header?.[0];
}
