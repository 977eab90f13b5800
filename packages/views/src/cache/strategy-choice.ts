import { NiphasError, type ViewStrategyName } from "@niphas/core";
import type { ProbeResult, ViewSpec, ViewStrategy } from "../ports.ts";

/** Which strategies this machine allows, and which one a request gets. */
export class StrategyChoice {
  readonly #strategies: readonly ViewStrategy[];
  readonly #forced: ViewStrategyName | undefined;
  readonly #probes = new Map<ViewStrategyName, ProbeResult>();

  /** `strategies` in the order of preference; `forced` is what `auto` means, instead of the best. */
  constructor(strategies: readonly ViewStrategy[], forced: ViewStrategyName | undefined) {
    this.#strategies = strategies;
    this.#forced = forced;
  }

  get probes(): ReadonlyMap<ViewStrategyName, ProbeResult> {
    return this.#probes;
  }

  async probe(signal: AbortSignal): Promise<void> {
    for (const strategy of this.#strategies) this.#probes.set(strategy.name, await strategy.probe(signal));
  }

  byName(name: ViewStrategyName): ViewStrategy | undefined {
    return this.#strategies.find((each) => each.name === name);
  }

  find(view: ViewSpec["view"]): ViewStrategy | undefined {
    return this.#candidates(view).find((each) => this.#probes.get(each.name)?.ok === true);
  }

  /** @throws NiphasError ViewUnavailable with each probe's reason */
  for(view: ViewSpec["view"]): ViewStrategy {
    const chosen = this.find(view);
    if (chosen !== undefined) return chosen;
    const reasons = this.#candidates(view).map((each) => `${each.name}: ${this.#reason(each.name)}`);
    throw new NiphasError("ViewUnavailable", `no view can be made on this node: ${reasons.join("; ")}`);
  }

  #candidates(view: ViewSpec["view"]): readonly ViewStrategy[] {
    const wanted = view === "tree" ? "tree" : this.#forced;
    return this.#strategies.filter((each) => wanted === undefined || each.name === wanted);
  }

  #reason(name: ViewStrategyName): string {
    const probe = this.#probes.get(name);
    return probe === undefined || probe.ok ? "not probed yet" : `${probe.reason} (${probe.advice})`;
  }
}
