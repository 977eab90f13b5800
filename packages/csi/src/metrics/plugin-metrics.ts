import type { NiphasError } from "@niphas/core";
import type { MeshLoss } from "@niphas/nix";
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { PublishObserver } from "../publish/components.ts";
import type { PhaseTimer, PublishPath } from "../publish/phase-timer.ts";
import type { RpcObserver } from "../server/rpc.ts";

/** Read when somebody scrapes, so that nothing is kept up to date in between. */
export interface MetricSources {
  volumes(): number;
  viewsByStrategy(): ReadonlyMap<string, number>;
  eventLoopLagSeconds(): number;
  distrustedPaths(): number;
}

export interface PluginMetricsInit {
  /** Called when a publish met a full disk. */
  readonly onDiskExhausted: () => void;
}

const DURATION_BUCKETS_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 2.5, 10, 30, 100, 600];
const MESH_LOSSES: readonly MeshLoss[] = ["unready", "lost", "failed"];
/** https://grpc.io/docs/guides/status-codes/ */
const GRPC_CODE_NAMES = [
  "OK",
  "CANCELLED",
  "UNKNOWN",
  "INVALID_ARGUMENT",
  "DEADLINE_EXCEEDED",
  "NOT_FOUND",
  "ALREADY_EXISTS",
  "PERMISSION_DENIED",
  "RESOURCE_EXHAUSTED",
  "FAILED_PRECONDITION",
  "ABORTED",
  "OUT_OF_RANGE",
  "UNIMPLEMENTED",
  "INTERNAL",
  "UNAVAILABLE",
  "DATA_LOSS",
] as const;

/**
 * The plugin's metrics in a registry of their own. Label values come from closed sets only: nothing that a pod chooses
 * can grow the number of series. Names are in docs/interfaces.md.
 */
export class PluginMetrics implements RpcObserver, PublishObserver {
  readonly #registry = new Registry();
  readonly #init: PluginMetricsInit;
  readonly #publishSeconds: Histogram<"phase" | "path">;
  readonly #rpcs: Counter<"method" | "code">;
  readonly #errors: Counter<"kind" | "code">;
  readonly #fetchedBytes: Counter<"source">;
  readonly #withoutMesh: Counter<"reason">;
  readonly #viewLookups: Counter<"result">;
  readonly #gcLastSuccess: Gauge;
  readonly #gcFreedBytes: Counter;

  constructor(init: PluginMetricsInit) {
    this.#init = init;
    const registers = [this.#registry];
    this.#publishSeconds = new Histogram({
      name: "niphas_publish_duration_seconds",
      help: "Time of successful publishes that mounted something, by phase; phase total is the whole call.",
      labelNames: ["phase", "path"],
      buckets: DURATION_BUCKETS_SECONDS,
      registers,
    });
    this.#rpcs = new Counter({
      name: "niphas_rpc_total",
      help: "Answered gRPC calls by method and status code.",
      labelNames: ["method", "code"],
      registers,
    });
    this.#errors = new Counter({
      name: "niphas_errors_total",
      help: "Failed calls by kind and code of the error.",
      labelNames: ["kind", "code"],
      registers,
    });
    this.#fetchedBytes = new Counter({
      name: "niphas_fetched_bytes_total",
      help: "NAR bytes fetched, by source.",
      labelNames: ["source"],
      registers,
    });
    this.#fetchedBytes.inc({ source: "mesh" }, 0);
    this.#fetchedBytes.inc({ source: "upstream" }, 0);
    this.#withoutMesh = new Counter({
      name: "niphas_fetches_without_mesh_total",
      help: "Closures that were fetched without the mesh daemon of this node, though there is one, by reason.",
      labelNames: ["reason"],
      registers,
    });
    for (const reason of MESH_LOSSES) this.#withoutMesh.inc({ reason }, 0);
    this.#viewLookups = new Counter({
      name: "niphas_view_cache_total",
      help: "Publishes that found their view ready (hit) or had to build it (miss).",
      labelNames: ["result"],
      registers,
    });
    this.#gcLastSuccess = new Gauge({
      name: "niphas_gc_last_success_timestamp_seconds",
      help: "When garbage collection last ended without an error; 0 before the first time.",
      registers,
    });
    this.#gcFreedBytes = new Counter({
      name: "niphas_gc_freed_bytes_total",
      help: "Bytes that garbage collection freed.",
      registers,
    });
  }

  /** Adds the gauges that are read at scrape time. Call once. */
  watch(sources: MetricSources): void {
    const registers = [this.#registry];
    new Gauge({
      name: "niphas_volumes",
      help: "Volumes that hold garbage-collector roots: published, or being published.",
      registers,
      collect(): void {
        this.set(sources.volumes());
      },
    });
    new Gauge({
      name: "niphas_views",
      help: "Views on disk by strategy.",
      labelNames: ["strategy"],
      registers,
      collect(): void {
        for (const [strategy, count] of sources.viewsByStrategy()) this.set({ strategy }, count);
      },
    });
    new Gauge({
      name: "niphas_unsynced_paths",
      help: "Store paths that may not have reached the disk before the last boot and are not shown until verified.",
      registers,
      collect(): void {
        this.set(sources.distrustedPaths());
      },
    });
    new Gauge({
      name: "niphas_event_loop_lag_seconds",
      help: "99th percentile of how late the event loop was in the last 30 to 60 s.",
      registers,
      collect(): void {
        this.set(sources.eventLoopLagSeconds());
      },
    });
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  async render(): Promise<string> {
    return this.#registry.metrics();
  }

  rpcEnded(method: string, grpcCode: number): void {
    this.#rpcs.inc({ method, code: GRPC_CODE_NAMES[grpcCode] ?? "UNKNOWN" });
  }

  rpcFailed(error: NiphasError): void {
    this.#errors.inc({ kind: error.kind, code: error.code });
  }

  published(path: PublishPath, timer: PhaseTimer): void {
    for (const [phase, ms] of Object.entries(timer.durationsMs)) {
      this.#publishSeconds.observe({ phase, path }, ms / 1000);
    }
    this.#publishSeconds.observe({ phase: "total", path }, timer.totalMs() / 1000);
  }

  viewLookedUp(result: "hit" | "miss"): void {
    this.#viewLookups.inc({ result });
  }

  fetched(upstreamBytes: number, meshBytes: number): void {
    this.#fetchedBytes.inc({ source: "upstream" }, upstreamBytes);
    this.#fetchedBytes.inc({ source: "mesh" }, meshBytes);
  }

  fetchedWithoutMesh(reason: MeshLoss): void {
    this.#withoutMesh.inc({ reason });
  }

  diskExhausted(): void {
    this.#init.onDiskExhausted();
  }

  collected(freedBytes: number): void {
    this.#gcFreedBytes.inc(Math.max(0, freedBytes));
    this.#gcLastSuccess.setToCurrentTime();
  }
}
