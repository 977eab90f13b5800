import type { StorePath } from "@niphas/core";
import type { PlanEvent } from "../ports.ts";
import type { planRig } from "./plan-rig.ts";

export type Rig = ReturnType<typeof planRig>;

/** Reads a plan in the background. */
export function follow({ plans, clock }: Rig, roots: readonly StorePath[]) {
  const leaving = new AbortController();
  const events: PlanEvent[] = [];
  const end = (async () => {
    for await (const event of plans.open(roots, leaving.signal)) events.push(event);
  })();
  end.catch(() => undefined);
  const told = (name: PlanEvent["event"]) => events.some(({ event }) => event === name);
  return {
    events,
    told,
    end,
    progress: () => {
      const last = events.findLast((event) => event.event === "progress");
      if (last === undefined) throw new Error("no progress");
      return last;
    },
    until: async (name: PlanEvent["event"]) => {
      for (let ticks = 0; ticks < 400 && !told(name); ticks++) await clock.advance(50);
      if (!told(name)) throw new Error(`${name} did not come; but ${events.map(({ event }) => event).join(", ")}`);
    },
    leave: async () => {
      leaving.abort();
      await end.catch(() => undefined);
    },
  };
}
