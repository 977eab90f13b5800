import { readFileSync } from "node:fs";
import { request } from "node:https";
import { text } from "node:stream/consumers";
import type { Pki } from "../pki/authority.ts";

const REQUEST_TIMEOUT_MS = 10_000;

/** Asks the API server on 127.0.0.1:`port` as the cluster's administrator: enough to see whether things are ready. */
export class ApiClient {
  readonly #port: number;
  readonly #credentials: { readonly ca: string; readonly cert: string; readonly key: string };

  constructor(pki: Pki, port: number) {
    const read = (file: string): string => readFileSync(file, "utf8");
    this.#port = port;
    this.#credentials = {
      ca: read(pki.authorityCertificate),
      cert: read(pki.certificate("admin")),
      key: read(pki.key("admin")),
    };
  }

  /** The body of an answer with status 200; undefined for any other answer, or none. */
  async get(path: string, signal?: AbortSignal): Promise<string | undefined> {
    const timeout = AbortSignal.timeout(REQUEST_TIMEOUT_MS);
    const either = signal === undefined ? timeout : AbortSignal.any([timeout, signal]);
    try {
      return await this.#request(path, either);
    } catch {
      signal?.throwIfAborted();
      return undefined;
    }
  }

  #request(path: string, signal: AbortSignal): Promise<string | undefined> {
    const { promise, resolve, reject } = Promise.withResolvers<string | undefined>();
    const options = { host: "127.0.0.1", port: this.#port, path, agent: false, signal, ...this.#credentials } as const;
    const call = request(options, (response) => {
      text(response).then((body) => resolve(response.statusCode === 200 ? body : undefined), reject);
    });
    call.once("error", reject).end();
    return promise;
  }
}
