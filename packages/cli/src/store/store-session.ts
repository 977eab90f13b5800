import type { StorePath } from "@niphas/core";
import type { NixRunner, PathInfo, RealiseProgress, StoreDatabase, StoreLocation } from "@niphas/nix";

/** One store, opened for the length of a command. */
export interface StoreSession {
  readonly location: StoreLocation;
  readonly nix: NixRunner;
  /** Undefined for this machine's own store, which is used through Nix alone. */
  readonly database: StoreDatabase | undefined;
  /**
   * Makes the closures of `roots` valid and keeps them from collectors until {@link close}.
   * @throws NiphasError as the realiser of the nix package
   */
  realise(
    roots: readonly StorePath[],
    signal: AbortSignal,
    onProgress: (progress: RealiseProgress) => void,
  ): Promise<void>;
  /** @throws NiphasError PathNotFound when a root is not valid, StoreUnavailable */
  closure(roots: readonly StorePath[], signal: AbortSignal): Promise<readonly PathInfo[]>;
  /** Roots that running `niphas run`s hold in this store, this one's among them. */
  rootsInUse(): ReadonlySet<StorePath>;
  close(): Promise<void>;
}
