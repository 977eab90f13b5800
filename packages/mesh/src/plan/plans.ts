import { NiphasError, type StorePath } from "@niphas/core";
import type { PathHash } from "../ports.ts";
import { Budget } from "../transfer/index.ts";
import { pathHashOf } from "../upstream/path-hash.ts";
import { PLAN_LIMITS } from "./limits.ts";
import { Plan, type PlanComponents } from "./plan.ts";
import type { PlanEvent, ReadyPlan } from "./ports.ts";

export interface PlansComponents extends Omit<PlanComponents, "ahead" | "isNixAsking" | "onReady"> {
  /** @default never */
  readonly isNixAsking?: () => boolean;
  /** @default nobody */
  readonly onReady?: (plan: ReadyPlan) => void;
}

export interface PlansInit {
  /** What all plans may have on this node ahead of Nix. @default 1 GiB */
  readonly maxAheadBytes?: number;
}

/** All plans of this node. What several of them need is found out and got once. */
export class Plans {
  readonly #components: PlanComponents;
  readonly #plans = new Set<Plan>();

  constructor(components: PlansComponents, init: PlansInit = {}) {
    const ahead = new Budget(init.maxAheadBytes ?? PLAN_LIMITS.maxAheadBytes);
    this.#components = { isNixAsking: () => false, onReady: () => undefined, ...components, ahead };
  }

  get count(): number {
    return this.#plans.size;
  }

  /** Whether a plan is finding this path out. */
  isFinding(path: PathHash): boolean {
    return [...this.#plans].some((plan) => plan.isFinding(path));
  }

  /** As {@link Plan.run}. @throws NiphasError SubstituterUnavailable when there are too many already */
  open(roots: readonly StorePath[], signal: AbortSignal): AsyncGenerator<PlanEvent, void, undefined> {
    if (this.#plans.size >= PLAN_LIMITS.maxPlans) {
      throw new NiphasError("SubstituterUnavailable", "too many closures are being got already");
    }
    const plan = new Plan(this.#components, { roots: roots.map(pathHashOf) });
    this.#plans.add(plan);
    return this.#follow(plan, signal);
  }

  /** Must be read, or at least begun and left: only its end takes the plan off the list. */
  async *#follow(plan: Plan, signal: AbortSignal): AsyncGenerator<PlanEvent, void, undefined> {
    try {
      yield* plan.run(signal);
    } finally {
      this.#plans.delete(plan);
    }
  }
}
