import { NiphasError } from "@niphas/core";
import { pathHashOf } from "../../upstream/path-hash.ts";
import { DOWNLOAD_LIMITS } from "../limits.ts";
import type { Clock, TransferObserver, UpstreamNars } from "../ports.ts";
import type { NarSpool } from "../spool/nar-spool.ts";
import type { ActiveRange } from "./range-work.ts";
import { RangeWriter } from "./range-writer.ts";
import { readSteps } from "./read-steps.ts";
import { Watchdog } from "./watchdog.ts";

export interface UpstreamRequestComponents {
  readonly upstream: UpstreamNars;
  readonly clock: Clock;
  readonly observe: TransferObserver;
  readonly spool: NarSpool;
  readonly onBytes: () => void;
}

/**
 * Gets one range from the binary caches.
 * @throws NiphasError SubstituterUnavailable, PathNotFound, BadBytes; what the spool failed with; the signal's reason
 */
export async function requestFromUpstream(
  components: UpstreamRequestComponents,
  range: ActiveRange,
  signal: AbortSignal,
): Promise<void> {
  const { upstream, clock, spool, onBytes, observe } = components;
  const startedMs = clock.nowMs();
  const writer = new RangeWriter({ spool, range }, { source: "upstream" });
  using watchdog = new Watchdog({ clock }, { signal });
  const take = async (bytes: Uint8Array): Promise<boolean> => {
    const isWanted = await writer.write(bytes);
    onBytes();
    return isWanted;
  };
  try {
    const { body } = upstream.nar(spool.wanted, range.position, watchdog.signal);
    const stallMs = DOWNLOAD_LIMITS.upstreamStallMs;
    await readSteps(body, watchdog, { stallMs, nowMs: () => clock.nowMs(), take });
  } finally {
    const { receivedBytes: sizeBytes } = writer;
    const path = pathHashOf(spool.wanted.path);
    const tookMs = clock.nowMs() - startedMs;
    if (sizeBytes > 0) observe({ kind: "received", path, source: "upstream", sizeBytes, tookMs });
  }
  if (range.position < range.end)
    throw new NiphasError("SubstituterUnavailable", "a binary cache ended a NAR too early");
}
