import { STORE_DIR } from "@niphas/core";
import { type Context, Hono } from "hono";
import type { PathHash } from "../ports.ts";
import { parsePathHash } from "../upstream/path-hash.ts";
import { BadNars } from "./bad-nars.ts";
import { NarRoutes } from "./nar-routes.ts";
import { isDerivationName } from "./node-logs.ts";
import type { NarInfoSource, NarSource, SideFileSource, SubstituterObserver } from "./ports.ts";
import { NAR_INFO_TYPE, narInfoText } from "./recalled-nar-infos.ts";
import { DEFAULT_BUDGETS, type NarInfoBudgets, resolveInTime } from "./resolve-in-time.ts";
import { sideFileResponse } from "./side-file-response.ts";
import { Stopwatch } from "./stopwatch.ts";

export interface SubstituterComponents {
  readonly narInfos: NarInfoSource;
  readonly nars: NarSource;
  readonly sideFiles: SideFileSource;
  /** @default nobody */
  readonly observe?: SubstituterObserver;
}

export interface SubstituterInit {
  /** What Nix orders substituters by; below the 40 of cache.nixos.org. @default 10 */
  readonly priority?: number;
  readonly budgets?: Partial<NarInfoBudgets>;
  /** @default Date.now */
  readonly nowMs?: () => number;
}

const DEFAULT_PRIORITY = 10;

/**
 * The protocol of Nix's binary caches, for every Nix from 2.8 on. A narinfo is never answered with an error and never
 * late: older Nix fails the whole build then. Anything in doubt is 404, and Nix asks its next substituter.
 * https://nix.dev/manual/nix/2.34/protocols/binary-cache/
 */
export function createSubstituterApp(components: SubstituterComponents, init: SubstituterInit = {}): Hono {
  const budgets = { ...DEFAULT_BUDGETS, ...init.budgets };
  const observe = components.observe ?? (() => undefined);
  const nars = new NarRoutes({ ...components, observe, badNars: new BadNars(init) }, { budgets });
  const app = new Hono();
  app.get("/nix-cache-info", (c) => cacheInfo(c, init.priority ?? DEFAULT_PRIORITY));
  app.get("/nar/:file", (c) => nars.serve(c));
  app.get("/log/:derivation", async (c) => {
    const derivation = c.req.param("derivation");
    if (!isDerivationName(derivation)) return notFound();
    return sideFileResponse(c, "log", observe, (signal) => components.sideFiles.log(derivation, signal));
  });
  app.get("/:file{[0-9a-z]{32}\\.narinfo}", async (c) => {
    const path = parsePathHash(c.req.param("file").slice(0, -".narinfo".length));
    return path === undefined ? notFound() : narInfo(c, path, components.narInfos, budgets, observe);
  });
  app.get("/:file{[0-9a-z]{32}\\.ls}", async (c) => {
    const path = parsePathHash(c.req.param("file").slice(0, -".ls".length));
    if (path === undefined) return notFound();
    return sideFileResponse(c, "listing", observe, (signal) => components.sideFiles.listing(path, signal));
  });
  app.on(["PUT", "POST", "PATCH", "DELETE"], "*", (c) =>
    c.text("this cache is read-only\n", 405, { allow: "GET, HEAD" }),
  );
  app.notFound(notFound);
  app.onError(notFound);
  return app;
}

function cacheInfo(c: Context, priority: number): Response {
  const text = `StoreDir: ${STORE_DIR}\nWantMassQuery: 1\nPriority: ${priority}\n`;
  return c.body(text, 200, { "content-type": "text/x-nix-cache-info" });
}

async function narInfo(
  c: Context,
  path: PathHash,
  source: NarInfoSource,
  budgets: NarInfoBudgets,
  observe: SubstituterObserver,
): Promise<Response> {
  const watch = new Stopwatch();
  const info = await resolveInTime(source, path, budgets, c.req.raw.signal);
  const isFound = typeof info === "object";
  observe({ request: "narinfo", outcome: isFound ? "served" : info, tookMs: watch.elapsedMs });
  if (!isFound) return notFound();
  return c.body(narInfoText(info), 200, { "content-type": NAR_INFO_TYPE });
}

function notFound(): Response {
  return new Response("404\n", { status: 404, headers: { "content-type": "text/plain" } });
}
