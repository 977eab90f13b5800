import type { ByteRange, PathHash, PeerId } from "../../ports.ts";
import { DOWNLOAD_LIMITS, SLOT_LIMITS } from "../limits.ts";

/**
 * Who got the end of a NAR from us last, or any part of a large one: the best to ask next, since they are many and we are
 * one.
 */
export class RecentTakers {
  readonly #takers = new Map<PathHash, readonly PeerId[]>();

  /** The peer has got this range of the NAR. */
  got(path: PathHash, peer: PeerId, range: ByteRange & { readonly narSizeBytes: number }): void {
    const isLarge = range.narSizeBytes > DOWNLOAD_LIMITS.splitAboveBytes;
    const isPart = isLarge && range.end - range.start >= DOWNLOAD_LIMITS.minPieceBytes;
    if (isPart || range.end === range.narSizeBytes) this.add(path, peer);
  }

  add(path: PathHash, peer: PeerId): void {
    const others = this.of(path).filter((other) => other !== peer);
    this.#takers.delete(path);
    this.#takers.set(path, [peer, ...others].slice(0, SLOT_LIMITS.hintsPerPath));
    const [oldest] = this.#takers.keys();
    if (this.#takers.size > SLOT_LIMITS.hintedPaths && oldest !== undefined) this.#takers.delete(oldest);
  }

  /** The latest first. */
  of(path: PathHash): readonly PeerId[] {
    return this.#takers.get(path) ?? [];
  }
}
