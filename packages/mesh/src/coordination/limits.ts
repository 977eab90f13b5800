/** Times and bounds of the coordination of fetches from upstream. */
export const COORDINATION_LIMITS = {
  /** How often a node tells the owners of what it wants how far it is. */
  reportMs: 400,
  /** A report that is so late tells of an event loop that was held up. */
  lateMs: 250,
  /** Without a word for so long, a wanter is taken for dead, and another goes on. */
  silenceMs: 1_500,
  /** A fetcher that lives but gets no byte for so long gives its place away; doubled each time, since upstream may be slow. */
  stallMs: 2_000,
  maxStallMs: 30_000,
  /** A sharer that gets no byte of the beginning for so long is not relied upon: those who ask are sent to upstream. */
  sharingStallMs: 4_000,
  /** An owner that hears first from those who tail waits so long for the one who fetches. */
  adoptionMs: 1_000,
  /** An owner that does not answer for so long, or nothing new to one who gets no bytes, is passed over, */
  answerMs: 1_500,
  /** and asked for nothing new for this time. */
  avoidMs: 5_000,
  /** So often may an owner's word, a new one each time, come to nothing before the next one is asked. */
  maxFruitless: 2,
  /** A want of which the transfer says nothing for so long has been forgotten. */
  abandonedMs: 10_000,
  /** A path is forgotten so long after the last word on it; so are those who have it. */
  lingerMs: 60_000,
  /** Who could not get a path from upstream is not sent there again for this time, unless everybody failed. */
  failedMs: 10_000,
  /** Of each owner. About 100 bytes a path and 150 a wanter. */
  maxPaths: 100_000,
  maxWanters: 200_000,
  maxWantersPerPath: 1_024,
  /** Of one path, with those who get it from peers that they know: they cost the owner next to nothing. */
  maxSharersPerPath: 16_384,
  /** One member cannot fill the table. */
  maxPathsPerPeer: 10_000,
  /** Of this node; the transfer has far fewer. */
  maxOwnWants: 4_096,
  maxReportsPerMessage: 4_096,
  /** Owners of one path, tried in order. */
  ownerCount: 3,
  maxTailers: 3,
  maxPeers: 4,
} as const;
