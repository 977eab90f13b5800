import { type StorePath, toNiphasError } from "@niphas/core";
import type { Discovery } from "../discovery/ports.ts";
import type { LocalStore, PathHash, PeerId, PeerQueries } from "../ports.ts";
import type { NarSpool } from "../transfer/index.ts";
import type { WantedNar } from "../transfer/ports.ts";
import type { UpstreamAnswer, UpstreamAttempt } from "../upstream/upstream-answer.ts";
import type { MemberReports } from "./member-reports.ts";
import type { PathNotes } from "./path-notes.ts";
import type { HolderReport, MemberReport, NarReport, OwnerReport, UpstreamReport, WhyReport } from "./ports.ts";
import { summaryOf } from "./why-summary.ts";

export interface WhyComponents {
  readonly store: Pick<LocalStore, "pathInfo">;
  readonly discovery: Pick<Discovery, "of" | "lookUp">;
  readonly queries: Pick<PeerQueries, "have">;
  readonly owners: { of(path: PathHash): readonly PeerId[] };
  readonly upstreams: { ask(path: PathHash, signal: AbortSignal): Promise<UpstreamAnswer> };
  readonly transfers: { find(path: PathHash, narHash: WantedNar["narHash"]): NarSpool | "getting" | undefined };
  readonly members: MemberReports;
  readonly notes: PathNotes;
}

/** Holders that are asked. */
const MAX_HOLDERS = 32;
const ANSWER_MS = 3_000;

/** Finds out now where a path can be had from, and where not, and why. */
export class Why {
  readonly #components: WhyComponents;

  constructor(components: WhyComponents) {
    this.#components = components;
  }

  async report(path: PathHash, signal: AbortSignal): Promise<WhyReport> {
    const limited = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]);
    const [holders, answer] = await Promise.all([this.#holders(path, limited), this.#askUpstreams(path, limited)]);
    const here = this.#validInfo(path);
    const known = here ?? (answer?.kind === "found" ? answer.info : undefined);
    const report = {
      hash: path,
      path: known?.path ?? null,
      isValidHere: here !== undefined,
      nar: known === undefined ? null : this.#nar(path, known),
      holders,
      owners: this.#owners(path),
      upstreams: answer?.attempts.map(upstreamReport) ?? [],
      notes: this.#components.notes.of(path),
    };
    return { ...report, summary: summaryOf(report) };
  }

  async #holders(path: PathHash, signal: AbortSignal): Promise<readonly HolderReport[]> {
    const { discovery, members } = this.#components;
    await discovery.lookUp([path], signal).catch(() => undefined);
    const named = new Set(discovery.of(path).slice(0, MAX_HOLDERS));
    const asked = members.all().filter(({ peerId }) => named.has(peerId));
    return await Promise.all(asked.map((member) => this.#ask(member, path, signal)));
  }

  async #ask(member: MemberReport, path: PathHash, signal: AbortSignal): Promise<HolderReport> {
    try {
      const held = await this.#components.queries.have(member.peerId, [path], signal);
      const hasIt = held.includes(path);
      return { ...member, hasIt, answer: hasIt ? "has it" : "does not have it: its summary was mistaken or is old" };
    } catch (error) {
      return { ...member, hasIt: false, answer: `gave no answer: ${toNiphasError(error).message}` };
    }
  }

  #owners(path: PathHash): readonly OwnerReport[] {
    const addresses = new Map(this.#components.members.all().map(({ peerId, address }) => [peerId, address]));
    return this.#components.owners.of(path).map((peerId) => ({ peerId, address: addresses.get(peerId) ?? null }));
  }

  async #askUpstreams(path: PathHash, signal: AbortSignal): Promise<UpstreamAnswer | undefined> {
    return await this.#components.upstreams.ask(path, signal).catch(() => undefined);
  }

  #validInfo(path: PathHash): (WantedNar & { readonly path: StorePath }) | undefined {
    try {
      return this.#components.store.pathInfo(path);
    } catch {
      return undefined;
    }
  }

  #nar(path: PathHash, { narHash, narSizeBytes }: WantedNar): NarReport | null {
    const spool = this.#components.transfers.find(path, narHash);
    if (spool === undefined) return null;
    const isWaiting = spool === "getting";
    return {
      state: isWaiting ? "waiting" : spool.state,
      doneBytes: isWaiting ? 0 : spool.doneBytes,
      totalBytes: narSizeBytes,
    };
  }
}

/** Errors begin with the cache's name, which stands beside them here. */
function upstreamReport({ upstream, outcome, reason }: UpstreamAttempt): UpstreamReport {
  const prefix = `${upstream}: `;
  return { upstream, outcome, reason: reason.startsWith(prefix) ? reason.slice(prefix.length) : reason };
}
