import { NiphasError } from "@niphas/core";
import type { NarAnswer, PeerId } from "../../ports.ts";
import { pathHashOf } from "../../upstream/path-hash.ts";
import { DOWNLOAD_LIMITS } from "../limits.ts";
import type { NarSpool } from "../spool/nar-spool.ts";
import type { Meter } from "./meters.ts";
import type { PeerTraffic } from "./peer-traffic.ts";
import type { ActiveRange } from "./range-work.ts";
import { RangeWriter } from "./range-writer.ts";
import { readSteps } from "./read-steps.ts";
import { Watchdog } from "./watchdog.ts";

export type PeerOutcome =
  /** All that it promised. */
  | { readonly kind: "given" }
  | { readonly kind: "slow" }
  | { readonly kind: "stalled" }
  | Exclude<NarAnswer, { readonly kind: "bytes" }>;

export interface PeerRequestComponents {
  readonly traffic: PeerTraffic;
  readonly spool: NarSpool;
  /** Peers that could take over. */
  readonly others: () => readonly PeerId[];
  /** It is given the full stall time even when there are others. */
  readonly isPatient: boolean;
  readonly onBytes: () => void;
  /** The peer is still getting the NAR itself. */
  readonly onRelay: () => void;
}

/**
 * Asks one peer for one range, and takes what comes.
 * @throws NiphasError SubstituterUnavailable or BadBytes when the peer breaks off, stands still or does not keep to what
 * it promised; what the spool failed with; the signal's reason
 */
export async function requestRange(
  components: PeerRequestComponents,
  peer: PeerId,
  range: ActiveRange,
  signal: AbortSignal,
): Promise<PeerOutcome> {
  const { traffic } = components;
  const sizeBytes = range.end - range.position;
  const startedMs = traffic.clock.nowMs();
  const meter = traffic.meters.begin(peer);
  range.bytesPerMs = () => meter.bytesPerMs ?? traffic.loads.bytesPerMs(peer);
  traffic.loads.started(peer, sizeBytes);
  try {
    return await exchange(components, meter, range, signal);
  } finally {
    const tookMs = traffic.clock.nowMs() - startedMs;
    traffic.meters.end(meter);
    traffic.requestEnds.wake();
    traffic.loads.ended(peer, sizeBytes, meter.receivedBytes, tookMs);
    const { receivedBytes } = meter;
    const path = pathHashOf(components.spool.wanted.path);
    if (receivedBytes > 0) traffic.observe({ kind: "received", path, source: peer, sizeBytes: receivedBytes, tookMs });
  }
}

async function exchange(
  components: PeerRequestComponents,
  meter: Meter,
  range: ActiveRange,
  signal: AbortSignal,
): Promise<PeerOutcome> {
  const { traffic, spool } = components;
  const { path, narHash } = spool.wanted;
  const isReplaceable = components.others().length > 0;
  using watchdog = new Watchdog({ clock: isReplaceable ? traffic.plainClock : traffic.clock }, { signal });
  const usefulFrom = Math.min(spool.prefixBytes, range.position);
  const request = { path: pathHashOf(path), narHash, range: { start: range.position, end: range.end }, usefulFrom };
  const ask = (): Promise<NarAnswer> => traffic.nars.read(meter.peer, request, watchdog.signal);
  const hasOthers = !components.isPatient && isReplaceable;
  const answer = await watchdog
    .within(hasOthers ? DOWNLOAD_LIMITS.hedgedAnswerMs : DOWNLOAD_LIMITS.answerMs, ask)
    .catch((error: unknown) => unlessStalled(error, hasOthers && watchdog.hasStoodStill));
  const isRelay = answer.kind === "bytes" ? answer.end < request.range.end : answer.kind === "later";
  if (isRelay) components.onRelay();
  if (answer.kind !== "bytes") return answer;
  if (answer.end <= request.range.start || answer.end > request.range.end) throw oddAnswer();
  return await receive(components, { meter, range, watchdog, answer, hasOthers }).catch((error: unknown) =>
    unlessStalled(error, hasOthers && watchdog.hasStoodStill),
  );
}

interface Receiving {
  readonly meter: Meter;
  readonly range: ActiveRange;
  readonly watchdog: Watchdog;
  /** Who could take over. */
  readonly hasOthers: boolean;
  readonly answer: Extract<NarAnswer, { readonly kind: "bytes" }>;
}

async function receive(components: PeerRequestComponents, receiving: Receiving): Promise<PeerOutcome> {
  const { meter, range, watchdog, answer } = receiving;
  const { traffic, spool, others, onBytes } = components;
  const writer = new RangeWriter({ spool, range }, { source: meter.peer });
  let isSlow = false;
  const take = async (bytes: Uint8Array, waitedMs: number): Promise<boolean> => {
    const isWanted = await writer.write(bytes.subarray(0, answer.end - range.position));
    meter.add(bytes.length, waitedMs);
    onBytes();
    if (meter.isCrawling && range.position < answer.end) throw crawling();
    isSlow = isWanted && traffic.meters.isSlow(meter, others);
    return isWanted && !isSlow && range.position < answer.end;
  };
  await readSteps(answer.body, watchdog, {
    stallMs: receiving.hasOthers ? DOWNLOAD_LIMITS.hedgeMs : DOWNLOAD_LIMITS.stallMs,
    nowMs: () => traffic.clock.nowMs(),
    take,
  });
  if (isSlow) return { kind: "slow" };
  if (range.position < Math.min(answer.end, range.end)) throw brokenOff();
  return { kind: "given" };
}

/** @throws the error unless it is that the peer stood still */
function unlessStalled(error: unknown, hasStalled: boolean): { readonly kind: "stalled" } {
  if (!hasStalled) throw error;
  return { kind: "stalled" };
}

function oddAnswer(): NiphasError {
  return new NiphasError("BadBytes", "a peer answers with another range than it was asked for");
}

function crawling(): NiphasError {
  return new NiphasError("SubstituterUnavailable", "a peer gives its bytes one by one");
}

function brokenOff(): NiphasError {
  return new NiphasError("SubstituterUnavailable", "a peer ended before the last byte that it had promised");
}
