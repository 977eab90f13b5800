/** Times and bounds of finding out closures and getting them ahead of Nix. */
export const PLAN_LIMITS = {
  /** Trusted narinfos in memory: about 1 KiB each. */
  maxInfos: 65_536,
  maxInfoBytes: 64 * 1024 ** 2,
  infoTtlMs: 600_000,
  /** What peers have told and nobody has checked yet. An answer of 16 MiB, the longest, takes about three times as much. */
  maxCandidates: 65_536,
  maxCandidateBytes: 64 * 1024 ** 2,
  candidateTtlMs: 60_000,
  /** Members whose word alone is not taken: they told of a NAR, without a signature, that did not come as told. */
  maxDoubted: 4_096,
  doubtMs: 600_000,
  /** Paths that a peer need not tell of: 160 KiB of a question. */
  maxKnown: 8_192,
  /** Of one closure. */
  maxPaths: 20_000,
  /** Paths asked for at once, of each plan. */
  parallelQuestions: 32,
  /** Upstream is asked as well when a holder has not answered by then. */
  hedgeMs: 500,
  /** A holder's answer is waited for no longer. */
  peerAnswerMs: 2_000,
  /** Closures that are being found out for members at once; others wait for their turn. */
  maxOwnedClosures: 16,
  /** Where no member holds a root its owner is asked first, and waited for no longer. */
  ownerHeadStartMs: 500,
  /** What it answers later is used while the closure is still being found out. */
  ownerAnswerMs: 8_000,
  /** Holders asked for one path. */
  maxHolders: 2,
  /** NARs of one plan on their way at once: fewer than the transfer allows, so that what Nix asks for finds a place. */
  parallelNars: 12,
  /** While Nix asks for narinfos no NAR is begun, in steps of this and for so long in all; then one with each short step. */
  yieldMs: 10,
  maxYieldMs: 1_000,
  shortYieldMs: 1,
  /** What is here of all plans and not taken by Nix yet. */
  maxAheadBytes: 1024 ** 3,
  /** How often it is looked whether Nix has taken what is here, and progress is told. */
  tickMs: 250,
  maxPlans: 64,
  maxRoots: 64,
  maxBodyBytes: 64 * 1024,
} as const;

/** What plans may have here ahead of Nix: what Nix asks for itself, and what members want, finds room too. */
export function aheadBytesFor(spoolBytes: number): number {
  return Math.min(PLAN_LIMITS.maxAheadBytes, Math.floor(spoolBytes / 2));
}
