import { Hono } from "hono";
import type { PluginMetrics } from "../metrics/plugin-metrics.ts";
import type { EventLoopLag } from "./event-loop-lag.ts";
import type { Readiness } from "./readiness.ts";

/** Beyond this the process no longer does its work in time and a restart is the best that can happen to it. */
const MAX_LAG_SECONDS = 5;

/** GET /livez, /readyz and /metrics. Answers 503 with the reasons when something is wrong. */
export function healthApp(components: {
  readonly readiness: Readiness;
  readonly lag: EventLoopLag;
  readonly metrics: PluginMetrics;
}): Hono {
  const { readiness, lag, metrics } = components;
  const app = new Hono();
  app.get("/livez", (context) => {
    const lagSeconds = lag.p99Seconds();
    if (lagSeconds <= MAX_LAG_SECONDS) return context.text("ok\n");
    return context.text(`the event loop is ${lagSeconds.toFixed(1)} s late\n`, 503);
  });
  app.get("/readyz", (context) => {
    const failures = readiness.failures();
    if (failures.length === 0) return context.text("ok\n");
    return context.text(failures.map(({ name, reason }) => `${name}: ${reason}\n`).join(""), 503);
  });
  app.get("/metrics", async (context) => {
    context.header("content-type", metrics.contentType);
    return context.body(await metrics.render());
  });
  return app;
}
