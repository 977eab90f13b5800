import { Counter, Histogram, Registry } from "prom-client";
import type { ReadyPlan } from "../plan/ports.ts";
import type { PeerId } from "../ports.ts";
import type { SubstituterEvent } from "../substituter/ports.ts";
import type { ByteSource, TransferEvent } from "../transfer/ports.ts";
import { addGauges, type GaugeSources } from "./gauges.ts";

/** Where bytes of NARs came from, as metrics and `niphas mesh status` say it. `peer`: a member outside of our zone. */
export const BYTE_ORIGINS = ["zone", "peer", "upstream", "local"] as const;

export type ByteOrigin = (typeof BYTE_ORIGINS)[number];

const FALLBACK_REASONS = ["absent", "late", "broken", "corrupt", "full"] as const;
const RESOLVE_BUCKETS_SECONDS = [0.000_25, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 2, 3];
const QUESTION_BUCKETS = [0, 1, 2, 3, 5, 10, 30, 100, 300, 1_000, 3_000, 10_000];
const CULPRITS = ["peer", "upstream", "unknown"] as const;
const ABANDON_REASONS = ["broken", "gone", "slow"] as const;
const MILLISECONDS_PER_SECOND = 1000;

export interface MeshMetricsInit {
  /** Whether a peer is in our own zone. */
  readonly isNear: (peer: PeerId) => boolean;
}

/**
 * The daemon's metrics in a registry of their own. Label values come from closed sets only: no path, peer or cache has a
 * series of its own. Names are in docs/interfaces.md.
 */
export class MeshMetrics {
  readonly #registry = new Registry();
  readonly #isNear: MeshMetricsInit["isNear"];
  readonly #bytes: Record<ByteOrigin, number> = { zone: 0, peer: 0, upstream: 0, local: 0 };
  readonly #requests: Counter<"request" | "outcome">;
  readonly #resolveSeconds: Histogram<"outcome">;
  readonly #planSeconds: Histogram;
  readonly #planQuestions: Histogram;
  readonly #fallbacks: Counter<"reason">;
  readonly #narBytes: Counter<"source">;
  readonly #sentBytes: Counter;
  readonly #verified: Counter;
  readonly #verificationFailures: Counter<"culprit">;
  readonly #abandoned: Counter<"reason">;
  #sent = 0;

  constructor(init: MeshMetricsInit) {
    this.#isNear = init.isNear;
    this.#requests = this.#counter("requests", "Answered requests of Nix by kind and outcome.", ["request", "outcome"]);
    this.#resolveSeconds = new Histogram({
      name: "niphas_mesh_resolve_duration_seconds",
      help: "Time until a narinfo was answered.",
      labelNames: ["outcome"],
      buckets: RESOLVE_BUCKETS_SECONDS,
      registers: [this.#registry],
    });
    this.#planSeconds = new Histogram({
      name: "niphas_mesh_plan_duration_seconds",
      help: "Time until all narinfos of a closure were in memory.",
      buckets: RESOLVE_BUCKETS_SECONDS,
      registers: [this.#registry],
    });
    this.#planQuestions = new Histogram({
      name: "niphas_mesh_plan_questions",
      help: "Questions to members and binary caches until then.",
      buckets: QUESTION_BUCKETS,
      registers: [this.#registry],
    });
    this.#fallbacks = this.#counter("fallbacks", "Requests for which Nix was sent to its next cache, by reason.", [
      "reason",
    ]);
    this.#narBytes = this.#counter("nar_bytes", "Bytes of raw NARs got, by where they came from.", ["source"]);
    this.#sentBytes = this.#counter("sent_bytes", "Bytes of raw NARs sent to members.", []);
    this.#verified = this.#counter("verified_nars", "NARs that had their signed hash.", []);
    this.#verificationFailures = this.#counter("verification_failures", "NARs that did not, by who gave the bytes.", [
      "culprit",
    ]);
    this.#abandoned = this.#counter("abandoned_sources", "Members given up in the midst of a NAR, by reason.", [
      "reason",
    ]);
    for (const source of BYTE_ORIGINS) this.#narBytes.inc({ source }, 0);
    for (const reason of FALLBACK_REASONS) this.#fallbacks.inc({ reason }, 0);
    for (const culprit of CULPRITS) this.#verificationFailures.inc({ culprit }, 0);
    for (const reason of ABANDON_REASONS) this.#abandoned.inc({ reason }, 0);
  }

  /** Adds the gauges that are read at scrape time. Call once. */
  watch(sources: GaugeSources): void {
    addGauges(this.#registry, sources);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  async render(): Promise<string> {
    return this.#registry.metrics();
  }

  /** Bytes of NARs since the start. */
  get bytes(): { readonly received: Readonly<Record<ByteOrigin, number>>; readonly sent: number } {
    return { received: { ...this.#bytes }, sent: this.#sent };
  }

  requestEnded({ request, outcome, tookMs }: SubstituterEvent): void {
    this.#requests.inc({ request, outcome });
    if (request === "narinfo") this.#resolveSeconds.observe({ outcome }, tookMs / MILLISECONDS_PER_SECOND);
    const isNeeded = request === "narinfo" || request === "nar" || request === "compressed";
    if (isNeeded && outcome !== "served") this.#fallbacks.inc({ reason: outcome });
  }

  planReady({ questions, tookMs }: ReadyPlan): void {
    this.#planSeconds.observe(tookMs / MILLISECONDS_PER_SECOND);
    this.#planQuestions.observe(questions);
  }

  /** Given to Nix out of this node's own store. */
  servedLocally(sizeBytes: number): void {
    this.#count("local", sizeBytes);
  }

  transferred(event: TransferEvent): void {
    if (event.kind === "received") this.#count(this.#originOf(event.source), event.sizeBytes);
    else if (event.kind === "served") this.#countSent(event.sizeBytes);
    else if (event.kind === "verified") this.#verified.inc();
    else if (event.kind === "corrupt") this.#verificationFailures.inc({ culprit: culpritOf(event.culprits) });
    else if (event.kind === "abandoned") this.#abandoned.inc({ reason: event.reason });
    else this.#fallbacks.inc({ reason: "full" });
  }

  #originOf(source: ByteSource): ByteOrigin {
    if (source === "upstream") return "upstream";
    return this.#isNear(source) ? "zone" : "peer";
  }

  #count(source: ByteOrigin, sizeBytes: number): void {
    this.#narBytes.inc({ source }, sizeBytes);
    this.#bytes[source] += sizeBytes;
  }

  #countSent(sizeBytes: number): void {
    this.#sentBytes.inc(sizeBytes);
    this.#sent += sizeBytes;
  }

  #counter<Label extends string>(name: string, help: string, labelNames: readonly Label[]): Counter<Label> {
    const registers = [this.#registry];
    return new Counter({ name: `niphas_mesh_${name}_total`, help, labelNames: [...labelNames], registers });
  }
}

/** One peer is enough to call it a peer's. */
function culpritOf(culprits: readonly ByteSource[]): (typeof CULPRITS)[number] {
  if (culprits.length === 0) return "unknown";
  return culprits.every((culprit) => culprit === "upstream") ? "upstream" : "peer";
}
