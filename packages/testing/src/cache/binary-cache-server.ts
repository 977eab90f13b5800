import { createReadStream, statSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { join, normalize } from "node:path";
import { Readable, type Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { CorruptByte, Throttle, Truncate } from "./body-faults.ts";

/** How requests whose path matches are mistreated; all fields combine. */
export interface CacheFault {
  readonly path: RegExp;
  /** Answer with this status and no body. */
  readonly status?: number;
  readonly delayMs?: number;
  readonly bytesPerSecond?: number;
  /** Close the connection after this many bytes of the body. */
  readonly truncateAtBytes?: number;
  /** Flip the bits of the byte at this offset of the body. */
  readonly corruptByteAt?: number;
  /** Accept and never answer. */
  readonly hang?: boolean;
  /** Close the connection without an answer. */
  readonly drop?: boolean;
  /** How many requests it hits. @default all */
  readonly times?: number;
}

export interface CacheRequest {
  readonly method: string;
  readonly path: string;
  readonly atMs: number;
  readonly headers: IncomingMessage["headers"];
  /** Bytes of the answer's body so far. */
  readonly sentBytes: number;
}

type RequestRecord = CacheRequest & { sentBytes: number };

interface Download {
  readonly file: string;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly onSent: (sizeBytes: number) => void;
}

export interface CacheAddress {
  /** @default 127.0.0.1 */
  readonly host?: string;
  /** @default 0: any free port */
  readonly port?: number;
}

/** A binary cache directory over HTTP, with a log of requests and faults on demand. */
export class BinaryCacheServer implements AsyncDisposable {
  readonly requests: CacheRequest[] = [];
  /** Bytes of bodies sent so far. */
  sentBytes = 0;
  /** The value of the header `Authorization` without which everything is answered with 401. @default none needed */
  authorization: string | undefined;
  /** Requests whose client still waits for bytes. */
  openRequestCount = 0;
  readonly #directory: string;
  readonly #server: Server;
  readonly #shutdown = new AbortController();
  #faults: { readonly fault: CacheFault; left: number }[] = [];

  private constructor(directory: string) {
    this.#directory = directory;
    this.#server = createServer((request, response) => {
      this.#serve(request, response).catch(() => response.destroy());
    });
  }

  static async start(directory: string, listen: CacheAddress = {}): Promise<BinaryCacheServer> {
    const cache = new BinaryCacheServer(directory);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    cache.#server.once("error", reject).listen(listen.port ?? 0, listen.host ?? "127.0.0.1", resolve);
    await promise;
    return cache;
  }

  /** For `--substituter`. */
  get url(): string {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("the cache does not listen");
    return `http://${address.address}:${address.port}`;
  }

  /** How many NAR files were asked for. */
  get narRequestCount(): number {
    return this.requests.filter((request) => request.path.startsWith("/nar/")).length;
  }

  /** Takes the place of all faults before. What was slowed down by them flows on freely; what hangs, hangs. */
  setFaults(...faults: readonly CacheFault[]): void {
    this.#faults = faults.map((fault) => ({ fault, left: fault.times ?? Number.POSITIVE_INFINITY }));
  }

  clearLog(): void {
    this.requests.length = 0;
    this.sentBytes = 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#shutdown.abort();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    this.#server.closeAllConnections();
    await promise;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.openRequestCount++;
    response.once("close", () => this.openRequestCount--);
    const path = decodeURIComponent((request.url ?? "/").split("?")[0] ?? "/");
    const { method = "", headers } = request;
    const record: RequestRecord = { method, path, atMs: Date.now(), headers, sentBytes: 0 };
    this.requests.push(record);
    if (this.authorization !== undefined && request.headers.authorization !== this.authorization) {
      return void response.writeHead(401).end();
    }
    const fault = this.#takeFault(path);
    if (fault.drop === true) return void request.socket.destroy();
    if (fault.hang === true) return;
    await sleep(fault.delayMs ?? 0, undefined, { signal: this.#shutdown.signal });
    if (fault.status !== undefined) return void response.writeHead(fault.status).end();
    const onSent = (sizeBytes: number): void => {
      this.sentBytes += sizeBytes;
      record.sentBytes += sizeBytes;
    };
    const file = join(this.#directory, normalize(path));
    await this.#sendFile({ file, request, response, onSent }, fault);
  }

  #takeFault(path: string): CacheFault {
    const found = this.#faults.find(({ fault, left }) => left > 0 && fault.path.test(path));
    if (found === undefined) return { path: /^/ };
    found.left--;
    return found.fault;
  }

  async #sendFile({ file, request, response, onSent }: Download, fault: CacheFault): Promise<void> {
    const stats = statSync(file, { throwIfNoEntry: false });
    if (stats?.isFile() !== true) return void response.writeHead(404).end();
    const start = Math.min(startOf(request.headers.range), stats.size);
    // Said in the answer only, so that clients that ask unbidden get a part and no others do.
    const part = start > 0 ? { "content-range": `bytes ${start}-${stats.size - 1}/${stats.size}` } : {};
    response.writeHead(start > 0 ? 206 : 200, { "content-length": stats.size - start, ...part });
    if (request.method === "HEAD") return void response.end();
    const body = Readable.from(createReadStream(file, { start })).on("data", (chunk: Buffer) => onSent(chunk.length));
    await pipeline([body, ...this.#stagesOf(fault), response], { signal: this.#shutdown.signal });
  }

  #stagesOf(fault: CacheFault): Transform[] {
    const { corruptByteAt, bytesPerSecond, truncateAtBytes } = fault;
    const isInForce = (): boolean => this.#faults.some((each) => each.fault === fault);
    return [
      ...(corruptByteAt === undefined ? [] : [new CorruptByte(corruptByteAt)]),
      ...(bytesPerSecond === undefined ? [] : [new Throttle(bytesPerSecond, isInForce)]),
      ...(truncateAtBytes === undefined ? [] : [new Truncate(truncateAtBytes)]),
    ];
  }
}

/** Of `bytes=N-`; 0 for everything else. */
function startOf(range: string | undefined): number {
  return Number(/^bytes=(\d+)-$/.exec(range ?? "")?.[1] ?? 0);
}
