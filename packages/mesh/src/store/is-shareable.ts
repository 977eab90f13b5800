import type { PathInfo } from "@niphas/nix";

/**
 * Whether members may learn of a path, and have it: it is signed, by whatever key, or it is named by the hash of its NAR.
 * They would refuse everything else (`trustBy`), so nothing else leaves this node: what was built here and not signed, and
 * derivations, whose environment may hold secrets.
 */
export function isShareable({ signatures, contentAddress }: Pick<PathInfo, "signatures" | "contentAddress">): boolean {
  return signatures.length > 0 || contentAddress?.startsWith("fixed:r:") === true;
}
