import { type MeshNode, NAR_PROTOCOL, NarClient, type NarRequest, type PeerId } from "@niphas/mesh";

export interface Target {
  readonly node: MeshNode;
  readonly victim: PeerId;
  /** For something that the victim has, or may have. */
  readonly request: NarRequest;
}

const STREAMS = 8;
const UNREAD_MS = 1_000;
/** Of a round: the next one may find the victim in another state. */
const ROUND_MS = 10_000;
const LEECHED_BYTES = 2 ** 20;
/** One round of what a member does to another of its own accord. Rejects when it is not let in. */
export const ATTACKS = {
  /** Streams that are opened, used and never read. */
  streams: async ({ node, victim, request }: Target): Promise<string> => {
    using client = new NarClient(node);
    const signal = AbortSignal.timeout(ROUND_MS);
    const unread = Array.from({ length: STREAMS }, () => client.read(victim, request, AbortSignal.timeout(UNREAD_MS)));
    const opened = Array.from({ length: 2 * STREAMS }, () => node.openStream(victim, NAR_PROTOCOL, signal));
    const [streams] = await Promise.all([Promise.allSettled(opened), Promise.allSettled(unread)]);
    for (const stream of streams) if (stream.status === "fulfilled") stream.value.abort(new Error("another one"));
    return "tried";
  },
  /** As much as the victim gives. */
  leech: async ({ node, victim, request }: Target): Promise<string> => {
    using client = new NarClient(node);
    const signal = AbortSignal.timeout(ROUND_MS);
    const range = { start: 0, end: Math.min(request.range.end, LEECHED_BYTES) };
    const reads = Array.from({ length: STREAMS }, async () => {
      const answer = await client.read(victim, { ...request, range }, signal);
      if (answer.kind !== "bytes") return false;
      for await (const _ of answer.body);
      return true;
    });
    const outcomes = await Promise.allSettled(reads);
    const isGiven = outcomes.some((outcome) => outcome.status === "fulfilled" && outcome.value);
    if (outcomes.every(({ status }) => status === "rejected")) throw new Error("not let in");
    return isGiven ? "given" : "tried";
  },
} as const;
