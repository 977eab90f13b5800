import type { NarHash, NarInfo, StorePath } from "@niphas/core";

/** The text of a libp2p peer id (base58 or CIDv1). Made only by `parsePeerId` of `network/`. */
export type PeerId = string & { readonly __brand: "PeerId" };

/** The 32 base-32 characters that identify a store path. Made only by `storePathHash` and the parsers of foreign bytes. */
export type PathHash = string & { readonly __brand: "PathHash" };

/** Where somebody listens. */
export interface HostPort {
  /** An IP address or a host name, an IPv6 address without brackets. */
  readonly host: string;
  readonly port: number;
}

/** A daemon of the mesh. */
export interface Member {
  readonly peerId: PeerId;
  readonly host: string;
  readonly port: number;
  /** The failure domain, Kubernetes' `topology.kubernetes.io/zone`; members of one zone are preferred. */
  readonly zone: string | undefined;
}

/** Who belongs to the mesh. Only members may connect. */
export interface Membership extends AsyncDisposable {
  /** The members known now, without ourselves, each peer id once. */
  members(): readonly Member[];
  /** Calls `listener` after each change, never while it is being added. Disposing ends it. */
  onChange(listener: () => void): Disposable;
}

/** What a peer tells of a path: the signed parts of a narinfo, with the signatures unchanged. */
export type PeerPathInfo = Omit<NarInfo, "url" | "compression" | "fileHash" | "fileSizeBytes">;

/** A half-open range of bytes of a raw NAR. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** Questions to one peer, all on one long-lived stream. Every answer is foreign: parsed, bounded, never trusted. */
export interface PeerQueries {
  /**
   * The closure of `path` as `peer` holds it, without what `known` names. Undefined when it does not hold the path.
   * @throws NiphasError SubstituterUnavailable when the peer is gone or silent, BadBytes when it breaks the protocol
   */
  closure(
    peer: PeerId,
    path: PathHash,
    known: readonly PathHash[],
    signal: AbortSignal,
  ): Promise<readonly PeerPathInfo[] | undefined>;
  /** Which of `paths` the peer holds now, in full or in part. @throws as {@link closure} */
  have(peer: PeerId, paths: readonly PathHash[], signal: AbortSignal): Promise<readonly PathHash[]>;
}

/** What a peer answers to a request for bytes. */
export type NarAnswer =
  /** Bytes from the asked start to `end`, which lies before the asked end when the peer itself is still getting the NAR. */
  | { readonly kind: "bytes"; readonly end: number; readonly body: AsyncIterable<Uint8Array> }
  /**
   * The peer is getting the NAR but has no byte at the asked start yet. `available`: what it has instead that is of use to
   * who asks, at most 128 ranges; without any it has waited up to a second before it says so.
   */
  | { readonly kind: "later"; readonly available: readonly ByteRange[] }
  /** All its upload slots are taken; `retryWith` names members that have just got the path. */
  | { readonly kind: "busy"; readonly retryWith: readonly PeerId[] }
  /** It does not hold the path (any more). */
  | { readonly kind: "gone" };

/** A range of the NAR with this hash. */
export interface NarRangeRequest {
  readonly path: PathHash;
  readonly narHash: NarHash;
  readonly range: ByteRange;
  /** Nothing before this byte is of use any more. @default the range's start */
  readonly usefulFrom?: number | undefined;
}

/** Bytes of one raw NAR from one peer. */
export interface PeerNars {
  /**
   * Asks for a range of the NAR with this hash. The body is read with back-pressure, ends after exactly the bytes
   * that the answer names, and throws when the peer goes away, stands still for the stall time or sends more.
   * @throws NiphasError SubstituterUnavailable, BadBytes
   */
  read(peer: PeerId, request: NarRangeRequest, signal: AbortSignal): Promise<NarAnswer>;
}

/** Who may hold a path. An answer from memory, perhaps out of date, perhaps a false positive; never from the network. */
export interface Holders {
  /** Members that say that they hold `path`. */
  of(path: PathHash): readonly PeerId[];
}

/**
 * The store of this node, read only. All methods throw NiphasError StoreUnavailable when database or files cannot be
 * read for another reason than those named.
 */
export interface LocalStore {
  /** Undefined when the path is not valid in the database. The deriver, which no signature covers, is not told. */
  pathInfo(path: PathHash): PeerPathInfo | undefined;
  /**
   * The valid closure of a valid path, each path once, sorted. Serves the event loop in between.
   * @throws NiphasError PathNotFound, ClosureCollected when a collector takes a path of it meanwhile, Cancelled
   */
  closure(path: StorePath, signal: AbortSignal): Promise<readonly PeerPathInfo[]>;
  /**
   * Bytes of a valid path's NAR, made as they are read; a range at any offset costs no read of what is before it.
   * Chunks have at most 256 KiB and belong to the reader, who frees them with `freeBytes` when it has done with them.
   * @throws NiphasError PathNotFound when a collector takes it away, BadBytes when the files no longer give
   * `narSizeBytes`, InvalidRequest for a range outside it, Cancelled
   */
  nar(path: StorePath, range: ByteRange, signal: AbortSignal): AsyncIterable<Uint8Array>;
  /** The path's `.ls` file; undefined when it cannot have one (a name is not UTF-8). @throws as {@link nar} */
  listing(path: StorePath, signal: AbortSignal): Promise<string | undefined>;
}

/** A file of a binary cache, opened. Read the body to its end, or dispose of it. */
export interface CacheFile extends AsyncDisposable {
  /** Of the whole file as it is transferred; undefined when the cache does not say. */
  readonly totalSizeBytes: number | undefined;
  /** The offset of the first byte of `body`: the one asked for, or 0 from a cache that cannot start in the middle. */
  readonly startsAt: number;
  /** How the bytes are encoded on top of what the file is (HTTP's `Content-Encoding`); undefined: not at all. */
  readonly contentEncoding: string | undefined;
  /** @throws NiphasError SubstituterUnavailable when the cache goes away or stands still for the stall time */
  readonly body: AsyncIterable<Uint8Array>;
}

/** Bytes of a raw NAR from a binary cache. Read the body to its end, leave its loop, or abort the signal. */
export interface NarBytes {
  readonly body: AsyncIterable<Uint8Array>;
  /** What came over the wire so far. */
  readonly transferredBytes: () => number;
}

/** One binary cache. */
export interface Upstream extends AsyncDisposable {
  /** Where it is, without credentials. */
  readonly name: string;
  /** Lower comes first, as in Nix. Infinity until the cache has told it. */
  readonly priority: number;
  /** Undefined: it does not have the path. @throws NiphasError SubstituterUnavailable, BadBytes (not a narinfo, or another path's) */
  narInfo(path: PathHash, signal: AbortSignal): Promise<NarInfo | undefined>;
  /**
   * The raw NAR, decompressed, from the byte `start` on; never more than `narSizeBytes` in all.
   * @throws NiphasError SubstituterUnavailable, PathNotFound, BadBytes; InvalidRequest for a compression that we cannot undo
   */
  nar(info: NarInfo, start: number, signal: AbortSignal): Promise<NarBytes>;
  /**
   * A file of the cache as it lies there, from the byte `start` on: a compressed NAR by its narinfo's URL,
   * `<path hash>.ls`, `log/<derivation>`. Undefined: not there.
   * @throws NiphasError SubstituterUnavailable, BadBytes
   */
  file(name: string, start: number, signal: AbortSignal): Promise<CacheFile | undefined>;
}
