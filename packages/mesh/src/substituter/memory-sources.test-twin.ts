import { createHash } from "node:crypto";
import { type NarInfo, NiphasError, parseNarHash, parseStorePath, storePathHash } from "@niphas/core";
import type { ByteRange, CacheFile, PathHash } from "../ports.ts";
import type { NarInfoSource, NarSource, SideFileSource } from "./ports.ts";
import { verifiedNar } from "./verified-nar.ts";

/** A narinfo of invented bytes. */
export function inventedInfo(bytes: Uint8Array, override: Partial<NarInfo> = {}): NarInfo {
  const hex = createHash("sha256").update(bytes).digest("hex");
  return {
    path: parseStorePath("/nix/store/0123456789abcdfghijklmnpqrsvwxyz-app"),
    url: "nar/opaque.nar",
    compression: "none",
    fileHash: undefined,
    fileSizeBytes: undefined,
    narHash: parseNarHash(`sha256:${hex}`),
    narSizeBytes: bytes.length,
    references: [],
    deriver: undefined,
    signatures: ["test-1:c2lnbmF0dXJl"],
    contentAddress: undefined,
    ...override,
  };
}

/** An opened file of bytes in memory. */
export function memoryFile(bytes: Uint8Array, start = 0, contentEncoding?: string): CacheFile {
  return {
    totalSizeBytes: bytes.length,
    startsAt: start,
    contentEncoding,
    body: chunked(bytes.subarray(start)),
    [Symbol.asyncDispose]: async () => undefined,
  };
}

/** In chunks of 1000 bytes. */
export async function* chunked(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  for (let at = 0; at < bytes.length; at += 1000) yield bytes.subarray(at, at + 1000);
}

/** All that a substituter serves, from memory, with faults on demand. */
export class MemorySources implements NarInfoSource, NarSource, SideFileSource {
  readonly infos = new Map<string, NarInfo>();
  /** Raw NARs by path hash; `<path hash>.<compression>` compressed ones; names of side files. */
  readonly files = new Map<string, Uint8Array>();
  readonly pending = new Set<PathHash>();
  /** What `resolve` does in place of answering. */
  fault: "hang" | "throw" | "throw at once" | undefined;
  /** Breaks a NAR before this byte. */
  breakAt: number | undefined;
  /** How much of NARs was read. */
  readBytes = 0;
  /** How many bodies are being read now. */
  openBodies = 0;

  /** Knows the path and serves `served` as its NAR, right or wrong. */
  add(bytes: Uint8Array, override: Partial<NarInfo> = {}, served = bytes): NarInfo {
    const info = inventedInfo(bytes, override);
    this.infos.set(storePathHash(info.path), info);
    this.files.set(storePathHash(info.path), served);
    return info;
  }

  resolve(path: PathHash): Promise<NarInfo | undefined> {
    if (this.fault === "throw at once") throw new Error("a bug");
    if (this.fault === "throw") return Promise.reject(new Error("a bug"));
    if (this.fault === "hang") return Promise.withResolvers<NarInfo | undefined>().promise;
    return Promise.resolve(this.infos.get(path));
  }

  isPending(path: PathHash): boolean {
    return this.pending.has(path);
  }

  async open(info: NarInfo, range: ByteRange): Promise<AsyncIterable<Uint8Array>> {
    const bytes = this.files.get(storePathHash(info.path));
    if (bytes === undefined) throw new NiphasError("PathNotFound", "no such NAR");
    return verifiedNar(this.#read(bytes), info, range, { wholeUpToBytes: 5_000, withheldBytes: 1_000 });
  }

  async compressed(info: NarInfo, compression: string, start: number): Promise<CacheFile | undefined> {
    const bytes = this.files.get(`${storePathHash(info.path)}.${compression}`);
    return bytes === undefined ? undefined : memoryFile(bytes, start);
  }

  async listing(path: PathHash): Promise<CacheFile | undefined> {
    return this.#sideFile(`${path}.ls`);
  }

  async log(derivation: string): Promise<CacheFile | undefined> {
    return this.#sideFile(derivation);
  }

  #sideFile(name: string): CacheFile | undefined {
    const bytes = this.files.get(name);
    return bytes === undefined ? undefined : memoryFile(bytes);
  }

  async *#read(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
    this.openBodies++;
    try {
      let position = 0;
      for await (const chunk of chunked(bytes)) {
        if (position >= (this.breakAt ?? Number.POSITIVE_INFINITY)) {
          throw new NiphasError("SubstituterUnavailable", "broke off");
        }
        position += chunk.length;
        this.readBytes += chunk.length;
        yield chunk;
      }
    } finally {
      this.openBodies--;
    }
  }
}
