import { toNiphasError } from "@niphas/core";
import { Counter, Gauge, Registry } from "prom-client";
import type { ControllerObserver } from "../controller/node-controller.ts";

/** Read when somebody scrapes. */
export interface ControllerSources {
  readonly taintedCount: number;
  readonly queueSize: number;
}

/** The controller's metrics in a registry of their own. Names are in docs/interfaces.md. */
export class ControllerMetrics implements ControllerObserver {
  readonly #registry = new Registry();
  readonly #taintsRemoved: Counter;
  readonly #failures: Counter<"kind" | "code">;

  constructor() {
    const registers = [this.#registry];
    this.#taintsRemoved = new Counter({
      name: "niphas_controller_taints_removed_total",
      help: "Nodes whose startup taint was removed.",
      registers,
    });
    this.#failures = new Counter({
      name: "niphas_controller_failures_total",
      help: "Failed calls to the API server, which are made again, by kind and code of the error.",
      labelNames: ["kind", "code"],
      registers,
    });
  }

  /** Adds the gauges that are read at scrape time. Call once. */
  watch(sources: ControllerSources): void {
    const registers = [this.#registry];
    new Gauge({
      name: "niphas_controller_tainted_nodes",
      help: "Nodes that have the startup taint.",
      registers,
      collect(): void {
        this.set(sources.taintedCount);
      },
    });
    new Gauge({
      name: "niphas_controller_queue_size",
      help: "Nodes that wait to be looked at, for the first time or again.",
      registers,
      collect(): void {
        this.set(sources.queueSize);
      },
    });
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  async render(): Promise<string> {
    return this.#registry.metrics();
  }

  taintRemoved(): void {
    this.#taintsRemoved.inc();
  }

  failed(error: unknown): void {
    const { kind, code } = toNiphasError(error);
    this.#failures.inc({ kind, code });
  }
}
