import type { PathHash, PeerPathInfo } from "../ports.ts";
import { pathHashOf } from "../upstream/path-hash.ts";

/** What the asked path needs, of what was told; of a path that is told twice the first. Nothing of it is proven. */
export function neededBy(path: PathHash, infos: readonly PeerPathInfo[]): ReadonlyMap<PathHash, PeerPathInfo> {
  const told = new Map<PathHash, PeerPathInfo>();
  for (const info of infos) if (!told.has(pathHashOf(info.path))) told.set(pathHashOf(info.path), info);
  const needed = new Map<PathHash, PeerPathInfo>();
  const seen = new Set([path]);
  for (const hash of seen) {
    const info = told.get(hash);
    if (info === undefined) continue;
    needed.set(hash, info);
    // Only what was told is walked through: a made-up info may name thousands of paths.
    for (const reference of info.references) if (told.has(pathHashOf(reference))) seen.add(pathHashOf(reference));
  }
  return needed;
}
