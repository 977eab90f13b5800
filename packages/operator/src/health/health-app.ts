import { Hono } from "hono";
import type { ControllerMetrics } from "../metrics/controller-metrics.ts";

/** What the answers are made of. */
export interface HealthSources {
  readonly blindness: readonly { readonly name: string; readonly reason: string }[];
  readonly longestRunMs: number;
}

/** Every call to the API server ends in half a minute. Work that takes this long hangs, and only a restart helps. */
const MAX_RUN_MS = 300_000;

/** GET /livez, /readyz and /metrics. Answers 503 with the reasons when something is wrong. */
export function healthApp(components: {
  readonly controller: HealthSources;
  readonly metrics: ControllerMetrics;
}): Hono {
  const { controller, metrics } = components;
  const app = new Hono();
  app.get("/livez", (context) => {
    const { longestRunMs } = controller;
    if (longestRunMs <= MAX_RUN_MS) return context.text("ok\n");
    return context.text(`work on a node has taken ${Math.round(longestRunMs / 1000)} s\n`, 503);
  });
  app.get("/readyz", (context) => {
    const { blindness } = controller;
    if (blindness.length === 0) return context.text("ok\n");
    return context.text(blindness.map(({ name, reason }) => `${name}: ${reason}\n`).join(""), 503);
  });
  app.get("/metrics", async (context) => {
    context.header("content-type", metrics.contentType);
    return context.body(await metrics.render());
  });
  return app;
}
