import type { NarInfo } from "@niphas/core";
import type { ByteRange, CacheFile, PathHash } from "../ports.ts";

/** What the substituter tells Nix of paths. */
export interface NarInfoSource {
  /**
   * Everything that is known or can be found out of a path, signed by a trusted key. `compression` says how it will be
   * served: `none` by {@link NarSource.open}, anything else by {@link NarSource.compressed}. Undefined: not to be had.
   * The substituter stops waiting by itself; finding out may go on, so that the next question is answered from memory.
   */
  resolve(
    path: PathHash,
    options: { readonly budgetMs: number; readonly signal: AbortSignal },
  ): Promise<NarInfo | undefined>;
  /** Whether the path is in a plan or being asked for, so that waiting for it is worth while. From memory. */
  isPending(path: PathHash): boolean;
}

/** Where the substituter's NARs come from. */
export interface NarSource {
  /**
   * A range of a raw NAR. The last bytes of the range come only after the whole NAR was found to have its signed hash;
   * up to 16 MiB no byte comes before that. Reading throws when that fails, and then never goes to its end.
   * @throws NiphasError BadBytes, PathNotFound, SubstituterUnavailable; here or while it is read
   */
  open(info: NarInfo, range: ByteRange, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
  /**
   * The file behind a NAR in this compression, from the byte `start` on, as a binary cache has it. Not verified: Nix
   * does. Undefined when no cache has it in this compression.
   * @throws NiphasError SubstituterUnavailable, BadBytes
   */
  compressed(info: NarInfo, compression: string, start: number, signal: AbortSignal): Promise<CacheFile | undefined>;
}

/** What binary caches have beside NARs. Everything may be undefined: Nix does without. */
export interface SideFileSource {
  /** The listing of a path's files, `<path hash>.ls`. */
  listing(path: PathHash, signal: AbortSignal): Promise<CacheFile | undefined>;
  /** The log of a build, by the base name of its derivation. */
  log(derivation: string, signal: AbortSignal): Promise<CacheFile | undefined>;
}

/** What one request came to; for metrics. */
export interface SubstituterEvent {
  readonly request: "narinfo" | "nar" | "compressed" | "listing" | "log";
  /** `late`: a narinfo's time was up. `corrupt`: a NAR that turned out bad, or is asked for again after that. */
  readonly outcome: "served" | "absent" | "late" | "corrupt" | "broken";
  /** Until the answer's head was ready. */
  readonly tookMs: number;
}

export type SubstituterObserver = (event: SubstituterEvent) => void;
