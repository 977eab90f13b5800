import type { NarInfo } from "@niphas/core";
import type { GuardedUpstream } from "./guarded-upstream.ts";

/** What came of asking one upstream for one path; for `niphas mesh why`. */
export interface UpstreamAttempt {
  /** The upstream's name, without credentials. */
  readonly upstream: string;
  readonly outcome: "found" | "absent" | "untrusted" | "corrupt" | "failed" | "paused";
  /** A sentence for people, without secrets. */
  readonly reason: string;
  readonly tookMs: number;
}

/** What the upstreams say of a path. */
export type UpstreamAnswer =
  | {
      readonly kind: "found";
      /** Signed by a trusted key. */
      readonly info: NarInfo;
      readonly source: GuardedUpstream;
      /** In the order of asking; the last one has it. */
      readonly attempts: readonly UpstreamAttempt[];
    }
  | { readonly kind: "absent"; readonly attempts: readonly UpstreamAttempt[] };

/** Whether an upstream that could not be asked may have the path all the same. */
export function isUnsure(answer: UpstreamAnswer): boolean {
  const isDown = answer.attempts.some(({ outcome }) => outcome === "failed" || outcome === "paused");
  return answer.kind === "absent" && isDown;
}
