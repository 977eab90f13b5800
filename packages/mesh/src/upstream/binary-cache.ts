import { MAX_NAR_INFO_LENGTH, type NarInfo, NiphasError, parseNarInfo, STORE_DIR, storePathHash } from "@niphas/core";
import { Semaphore } from "@niphas/nix";
import type { CacheFile, NarBytes, PathHash, Upstream } from "../ports.ts";
import type { CacheFiles } from "./cache-files.ts";
import { type CacheInfo, DEFAULT_PRIORITY, parseCacheInfo } from "./cache-info.ts";
import { decoderOf } from "./decode/decoders.ts";
import { exactBytes } from "./decode/exact-bytes.ts";
import { hold } from "./hold.ts";
import { infoSizeBytes } from "./info-size.ts";
import { readText } from "./read-text.ts";
import { badBytes, UpstreamUnavailable } from "./unavailable.ts";

export interface BinaryCacheInit {
  /** Takes the place of what `nix-cache-info` says. */
  readonly priority?: number | undefined;
  /** NARs read at once. @default 32 */
  readonly maxNars?: number;
}

const DEFAULT_MAX_NARS = 32;
const MAX_CACHE_INFO_BYTES = 64 * 1024;

/** A binary cache in Nix's file format. https://nix.dev/manual/nix/2.34/protocols/binary-cache/ */
export class BinaryCache implements Upstream {
  readonly #files: CacheFiles;
  readonly #init: BinaryCacheInit;
  readonly #nars: Semaphore;
  readonly #closing = new AbortController();
  #info: CacheInfo | undefined;
  #asking: Promise<CacheInfo> | undefined;

  /** @param components.files are closed with this object */
  constructor(components: { readonly files: CacheFiles }, init: BinaryCacheInit = {}) {
    this.#files = components.files;
    this.#init = init;
    this.#nars = new Semaphore(init.maxNars ?? DEFAULT_MAX_NARS);
  }

  get name(): string {
    return this.#files.name;
  }

  get priority(): number {
    return this.#init.priority ?? this.#info?.priority ?? Number.POSITIVE_INFINITY;
  }

  async narInfo(path: PathHash, signal: AbortSignal): Promise<NarInfo | undefined> {
    await this.#introduced();
    signal.throwIfAborted();
    const text = await this.#text(`${path}.narinfo`, MAX_NAR_INFO_LENGTH, signal);
    if (text === undefined) return undefined;
    const info = this.#parsed(text, path);
    if (storePathHash(info.path) === path) return info;
    throw badBytes(this.name, `its narinfo for ${path} is one of another path`);
  }

  async nar(info: NarInfo, start: number, signal: AbortSignal): Promise<NarBytes> {
    const decode = decoderOf(info.compression);
    if (decode === undefined) {
      throw new NiphasError("InvalidRequest", `${this.name}: a NAR is compressed in a way that this node cannot undo`);
    }
    await using opening = new AsyncDisposableStack();
    opening.use(await hold(this.#nars, signal));
    const file = await this.file(info.url, info.compression === "none" ? start : 0, signal);
    if (file === undefined) {
      throw new NiphasError("PathNotFound", `${this.name}: has a narinfo for ${info.path} and no NAR`);
    }
    opening.use(file);
    const transfer = new CountedBytes(file.body);
    const raw = decode(this.#plain(file, transfer, signal), signal);
    const place = { name: this.name, skipBytes: start - file.startsAt, sizeBytes: info.narSizeBytes - start };
    const body = owning(exactBytes(raw, place), opening.move(), signal);
    return { body, transferredBytes: () => transfer.sizeBytes };
  }

  async file(name: string, start: number, signal: AbortSignal): Promise<CacheFile | undefined> {
    return this.#files.open(name, start, AbortSignal.any([signal, this.#closing.signal]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(new NiphasError("ShuttingDown", "the mesh is shutting down"));
    await this.#files[Symbol.asyncDispose]();
  }

  #parsed(text: string, path: PathHash): NarInfo {
    try {
      const info = parseNarInfo(text);
      // Its texts are slices of the whole, which would stay as long as they do.
      return text.length > 2 * infoSizeBytes(info) ? structuredClone(info) : info;
    } catch (cause) {
      throw badBytes(this.name, `its narinfo for ${path} makes no sense`, cause);
    }
  }

  /** Nothing is asked of a cache of another store directory. Asked once; who waits for it does not decide how long. */
  async #introduced(): Promise<void> {
    this.#asking ??= this.#askInfo();
    try {
      this.#info = await this.#asking;
    } catch (error) {
      this.#asking = undefined;
      throw error;
    }
    if (this.#info.storeDir === STORE_DIR) return;
    throw new UpstreamUnavailable(this.name, `is a cache of another store directory than ${STORE_DIR}`);
  }

  async #askInfo(): Promise<CacheInfo> {
    const text = await this.#text("nix-cache-info", MAX_CACHE_INFO_BYTES, this.#closing.signal);
    return text === undefined ? { storeDir: STORE_DIR, priority: DEFAULT_PRIORITY } : parseCacheInfo(text);
  }

  async #text(name: string, maxBytes: number, signal: AbortSignal): Promise<string | undefined> {
    await using file = await this.file(name, 0, signal);
    return file === undefined ? undefined : await readText(this.#plain(file, file.body, signal), this.name, maxBytes);
  }

  /** Without HTTP's own encoding, which some object stores keep with a file. */
  #plain(file: CacheFile, body: AsyncIterable<Uint8Array>, signal: AbortSignal): AsyncIterable<Uint8Array> {
    if (file.contentEncoding === undefined) return body;
    const decode = decoderOf(file.contentEncoding);
    if (decode === undefined || file.startsAt > 0)
      throw badBytes(this.name, "sends an encoding that was not asked for");
    return decode(body, signal);
  }
}

/** Bytes on their way through, counted. */
class CountedBytes implements AsyncIterable<Uint8Array> {
  readonly #body: AsyncIterable<Uint8Array>;
  sizeBytes = 0;

  constructor(body: AsyncIterable<Uint8Array>) {
    this.#body = body;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of this.#body) {
      this.sizeBytes += chunk.length;
      yield chunk;
    }
  }
}

/** A body that lets go of what it holds when it has been read or left, or when the signal aborts before anybody reads it. */
function owning(body: AsyncIterable<Uint8Array>, held: AsyncDisposableStack, signal: AbortSignal) {
  const letGo = (): void => void held.disposeAsync();
  signal.addEventListener("abort", letGo, { once: true });
  held.defer(() => signal.removeEventListener("abort", letGo));
  async function* read(): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      yield* body;
    } finally {
      await held.disposeAsync();
    }
  }
  return read();
}
