const KIB = 1024;
const MIB = 1024 * KIB;

/**
 * What NARs on their way through the daemon may cost. Memory is bounded by 98 MiB in all: NARs held in memory (40), what
 * was written last (2), what is being written of each of 16 (8), one piece in the hands of each of 16 x 4 sources (16), and
 * one piece in the hands of each of 128 readers (32).
 */
export const SPOOL_LIMITS = {
  /** A larger NAR goes to a file. */
  maxMemoryNarBytes: 16 * MIB,
  /** All NARs in memory; the next one goes to a file. */
  memoryBytes: 40 * MIB,
  /** All NARs in files. */
  defaultDiskBytes: 4 * 1024 * MIB,
  /** This share of the file system stays free, whatever the bound above says. */
  minFreeRatio: 0.1,
  /** What a reader gets, is read back to be hashed, or is written, at once. */
  pieceBytes: 256 * KIB,
  /**
   * Of all NARs in files, what was written last stays in memory for those who read it next. Much more would outlive two
   * collections of young garbage, and then only the costly ones would free it.
   */
  recentBytes: 2 * MIB,
  /** Of one NAR, on its way into its file; who writes waits when it is more. */
  unwrittenBytes: 512 * KIB,
  /** Nothing of a NAR up to this size is given to Nix before its hash is right, */
  wholeUpToBytes: 16 * MIB,
  /** unless Nix has waited for so long: it would take the mesh for dead. */
  holdBackMs: 700,
  /** Of a larger or slower one, the end is not; and peers get this end of any NAR only then. */
  withheldBytes: 64 * KIB,
  /** A verified NAR that nobody reads is kept so long, for peers. */
  keepMs: 60_000,
  /** How often it is looked whether kept NARs have become valid paths. */
  sweepMs: 5_000,
} as const;

export const DOWNLOAD_LIMITS = {
  /** NARs that are filled at once; the next ones wait. */
  maxNars: 16,
  /** Sources of one NAR at once. */
  maxSources: 4,
  /** A NAR above this size is got in ranges, from several peers. */
  splitAboveBytes: 32 * MIB,
  rangeBytes: 8 * MIB,
  /** Less than this of a range that a peer offers is left until there is more. */
  minPieceBytes: 4 * MIB,
  /** Less than this left is not worth a second source. */
  minStealBytes: 2 * MIB,
  /** A source that gives no byte for so long is replaced. */
  stallMs: 2_000,
  /** When others have the NAR, too, it is put off sooner, the first time. */
  hedgeMs: 700,
  hedgedAnswerMs: 1_500,
  /** For the head of an answer, which a peer may hold back for a second on purpose. */
  answerMs: 3_500,
  /** Of the binary caches, which have stall timers of their own. */
  upstreamStallMs: 30_000,
  /** For the coordinator's answer, with the next owners asked when the first is silent. */
  wantMs: 5_000,
  /** Below this share of the median speed a source is replaced, */
  slowRatio: 0.25,
  /** when it has had this long to show what it can. */
  slowAfterMs: 1_000,
  /** A peer that gives less than this is as good as none, also when there is no other one, */
  crawlBytesPerMs: 8,
  /** once it has been waited for this long. */
  crawlAfterMs: 2_000,
  /** Without a new byte for so long, though holders are only busy, the coordinator is asked. */
  busyPatienceMs: 4_000,
  /** Without a new byte for so long, upstream is asked whatever the mesh says. */
  patienceMs: 10_000,
  /** The first and the longest pause before a worker without work looks again. */
  idleMs: 50,
  maxIdleMs: 200,
  progressMs: 1_000,
} as const;

export const QUARANTINE_LIMITS = {
  firstMs: 600_000,
  maxMs: 86_400_000,
  /** A peer that passed wrong bytes on while it was getting the NAR itself is let off so many times. */
  excusedTimes: 2,
  maxPeers: 4_096,
} as const;

export const SLOT_LIMITS = {
  defaultUploadSlots: 8,
  /** Of the slots, for one peer. */
  maxPeerRatio: 0.75,
  /** A peer that asks for bytes that are not here yet waits so long before it is told to come later, */
  laterMs: 1_000,
  /** or before it gets less than this of them: each answer costs both sides much more than its bytes do. */
  worthwhileBytes: 1 * MIB,
  /** With all slots taken, and nobody to name instead, it waits so long for one. */
  slotWaitMs: 250,
  hintsPerPath: 4,
  hintedPaths: 4_096,
} as const;
