import { isNiphasError, NiphasError, type StorePath } from "@niphas/core";
import { type PathInfo, type PathLookup, physicalPath, type StoreDatabase, type StoreLocation } from "@niphas/nix";
import type { ByteRange, LocalStore, PathHash, PeerPathInfo } from "../ports.ts";
import { NarSerialiser, type NarSerialiserInit, type SerialisedTree } from "./serialiser/nar-serialiser.ts";

export interface LocalStoreComponents {
  readonly database: Pick<StoreDatabase, "validId" | "pathInfo" | "readClosure"> & PathLookup;
}

export interface LocalStoreInit extends NarSerialiserInit {
  readonly store: StoreLocation;
}

/** Reads a store of Nix: what is valid from its database, bytes from its files. Disposal ends its threads. */
export function createLocalStore(components: LocalStoreComponents, init: LocalStoreInit): LocalStore & AsyncDisposable {
  return new NixLocalStore(components, init);
}

class NixLocalStore implements LocalStore, AsyncDisposable {
  readonly #database: LocalStoreComponents["database"];
  readonly #store: StoreLocation;
  readonly #serialiser: NarSerialiser;

  constructor({ database }: LocalStoreComponents, init: LocalStoreInit) {
    this.#database = database;
    this.#store = init.store;
    this.#serialiser = new NarSerialiser(init);
  }

  pathInfo(hash: PathHash): PeerPathInfo | undefined {
    const path = this.#database.pathByHash(hash);
    const info = path === undefined ? undefined : this.#database.pathInfo(path);
    return info === undefined || info.narSizeBytes === 0 ? undefined : toPeerPathInfo(info);
  }

  async closure(path: StorePath, signal: AbortSignal): Promise<readonly PeerPathInfo[]> {
    const infos = await this.#database.readClosure([path], signal);
    return infos.filter((info) => info.narSizeBytes > 0).map(toPeerPathInfo);
  }

  async *nar(path: StorePath, range: ByteRange, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const tree = this.#tree(path);
    assertInside(range, tree.narSizeBytes);
    try {
      yield* this.#serialiser.read(tree, range, signal);
    } catch (error) {
      throw this.#explained(path, tree, error);
    }
  }

  async listing(path: StorePath, signal: AbortSignal): Promise<string | undefined> {
    const tree = this.#tree(path);
    try {
      return await this.#serialiser.listing(tree, signal);
    } catch (error) {
      throw this.#explained(path, tree, error);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#serialiser[Symbol.asyncDispose]();
  }

  #tree(path: StorePath): SerialisedTree {
    const info = this.#database.pathInfo(path);
    if (info === undefined) throw notHere(path);
    return { id: info.id, root: physicalPath(this.#store, path), narSizeBytes: info.narSizeBytes };
  }

  /** A collector takes the row away before the files. */
  #explained(path: StorePath, tree: SerialisedTree, error: unknown): unknown {
    if (!isNiphasError(error) || error.code !== "BadBytes") return error;
    if (this.#database.validId(path) !== tree.id) return notHere(path, error);
    const advice = "repair it with nix-store --verify --check-contents --repair";
    return new NiphasError("BadBytes", `${path} is damaged: ${error.message}; ${advice}`, { cause: error });
  }
}

/** Rows without a size, of very old stores, cannot be served and are passed over. */
function toPeerPathInfo(info: PathInfo): PeerPathInfo {
  const { path, narHash, narSizeBytes, references, signatures, contentAddress } = info;
  return { path, narHash, narSizeBytes, references, signatures, contentAddress, deriver: undefined };
}

function assertInside(range: ByteRange, sizeBytes: number): void {
  const areNumbers = Number.isSafeInteger(range.start) && Number.isSafeInteger(range.end);
  if (areNumbers && range.start >= 0 && range.start <= range.end && range.end <= sizeBytes) return;
  throw new NiphasError("InvalidRequest", `the range is not inside the NAR, which has ${sizeBytes} bytes`);
}

function notHere(path: StorePath, cause?: unknown): NiphasError {
  return new NiphasError("PathNotFound", `${path} is not in this node's store`, { cause });
}
