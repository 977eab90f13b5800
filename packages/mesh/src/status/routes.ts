import { type Context, Hono } from "hono";
import type { PathHash } from "../ports.ts";
import { parsePathHash } from "../upstream/path-hash.ts";
import type { StatusReport, WhyReport } from "./ports.ts";
import { renderStatus, renderWhy } from "./render.ts";

export interface StatusRoutesComponents {
  readonly status: () => StatusReport;
  readonly why: { report(path: PathHash, signal: AbortSignal): Promise<WhyReport> };
}

/**
 * `GET /status` and `GET /why/<hash>`, on the listener of this machine alone: JSON, or text for people to who asks for
 * `text/plain`.
 */
export function createStatusApp({ status, why }: StatusRoutesComponents): Hono {
  const app = new Hono();
  app.get("/status", (c) => answer(c, status(), renderStatus));
  app.get("/why/:hash", async (c) => {
    const path = parsePathHash(c.req.param("hash"));
    if (path === undefined) {
      return c.json({ error: { code: "InvalidRequest", message: "expected the 32 characters of a path's hash" } }, 400);
    }
    return answer(c, await why.report(path, c.req.raw.signal), renderWhy);
  });
  return app;
}

function answer<T extends object>(c: Context, report: T, render: (report: T) => string): Response {
  return c.req.header("accept") === "text/plain" ? c.text(render(report)) : c.json(report);
}
