import { Hono } from "hono";
import type { FailedCheck } from "./readiness.ts";

/** Metrics in Prometheus's text format. */
export interface MetricsText {
  readonly contentType: string;
  render(): Promise<string>;
}

/** What the answers are made of. Asked at each request: synchronous and cheap. */
export interface HealthSources {
  /** What only a restart can mend, in a sentence; undefined when nothing is wrong. */
  readonly liveness: () => string | undefined;
  /** What keeps the service from its work now; empty when nothing does. */
  readonly readiness: () => readonly FailedCheck[];
  readonly metrics: MetricsText;
}

/** GET /livez, /readyz and /metrics. Answers 503 with the reasons when something is wrong. */
export function healthApp({ liveness, readiness, metrics }: HealthSources): Hono {
  const app = new Hono();
  app.get("/livez", (context) => {
    const reason = liveness();
    return reason === undefined ? context.text("ok\n") : context.text(`${reason}\n`, 503);
  });
  app.get("/readyz", (context) => {
    const failures = readiness();
    if (failures.length === 0) return context.text("ok\n");
    return context.text(failures.map(({ name, reason }) => `${name}: ${reason}\n`).join(""), 503);
  });
  app.get("/metrics", async (context) => {
    context.header("content-type", metrics.contentType);
    return context.body(await metrics.render());
  });
  return app;
}
