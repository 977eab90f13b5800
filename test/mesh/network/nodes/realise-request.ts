/** What {@link ./realise-program.ts} is told. */
export interface RealiseRequest {
  readonly root: string;
  /** Root of a chroot store; made when it is not there. */
  readonly storeDir: string;
  /** For Nix's own caches. */
  readonly cacheDir: string;
  readonly substituters: readonly string[];
  /** The mesh daemon of the node, which is handed the root before Nix is started, as the node plugin does. @default none */
  readonly mesh?: string | undefined;
  readonly trustedPublicKeys: readonly string[];
}

export interface Realised {
  /** Of the fetch alone. */
  readonly elapsedMs: number;
  /** Why it went on without the mesh, if it did. */
  readonly meshLost?: string | undefined;
  /** The processor time of Nix and its children, with the making of the store if there was none. */
  readonly nixProcessorMs: number;
}

/** What it answers. */
export type RealiseReport =
  | ({ readonly kind: "realised" } & Realised)
  | { readonly kind: "failed"; readonly code: string; readonly message: string };
