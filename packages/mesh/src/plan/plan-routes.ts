import { isNiphasError, NiphasError, parseStorePath, type StorePath } from "@niphas/core";
import { type Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { PLAN_LIMITS } from "./limits.ts";
import type { Plans } from "./plans.ts";
import type { PlanEvent } from "./ports.ts";

/**
 * `POST /plan` with `{"roots": ["/nix/store/…"]}`: one event a line, as JSON, until the client leaves. To be mounted
 * before the substituter's own app, on the listener of this machine alone.
 */
export function createPlanApp(components: { readonly plans: Plans }): Hono {
  const app = new Hono();
  app.post("/plan", bodyLimit({ maxSize: PLAN_LIMITS.maxBodyBytes }), async (c) => {
    try {
      assertJson(c);
      const roots = parseRoots(await c.req.text());
      // Ends with the request, and also when nobody reads the answer.
      const events = components.plans.open(roots, c.req.raw.signal);
      return new Response(lines(events), { headers: { "content-type": "application/x-ndjson" } });
    } catch (error) {
      return refusal(c, error);
    }
  });
  return app;
}

/**
 * What a page in a browser of this machine can send without the daemon's consent is never JSON.
 * https://fetch.spec.whatwg.org/#cors-safelisted-request-header
 */
function assertJson(c: Context): void {
  const mediaType = c.req.header("content-type")?.split(";")[0]?.trim().toLowerCase();
  if (mediaType !== "application/json")
    throw new NiphasError("InvalidRequest", "expected content-type: application/json");
}

/** One line is made when the one before has been taken. */
function lines(events: AsyncGenerator<PlanEvent, void, undefined>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream(
    {
      async pull(controller) {
        const next = await events.next();
        if (next.done === true) controller.close();
        else controller.enqueue(encoder.encode(`${JSON.stringify(next.value)}\n`));
      },
      async cancel() {
        await events.return();
      },
    },
    { highWaterMark: 1 },
  );
}

function parseRoots(text: string): readonly StorePath[] {
  const roots = rootsOf(parseJson(text));
  if (roots.length === 0 || roots.length > PLAN_LIMITS.maxRoots) throw malformed();
  return [...new Set(roots.map((root) => (typeof root === "string" ? parseStorePath(root) : malformedRoot())))];
}

function rootsOf(value: unknown): readonly unknown[] {
  if (typeof value !== "object" || value === null || !("roots" in value) || !Array.isArray(value.roots))
    throw malformed();
  return value.roots;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw malformed();
  }
}

function malformedRoot(): never {
  throw malformed();
}

function malformed(): NiphasError {
  return new NiphasError("InvalidRequest", `expected {"roots": [1 to ${PLAN_LIMITS.maxRoots} store paths]}`);
}

function refusal(c: Context, error: unknown): Response {
  if (!isNiphasError(error)) return c.json({ error: { code: "Internal", message: "internal error" } }, 500);
  const { code, message, kind } = error;
  return c.json({ error: { code, message } }, kind === "invalid" ? 400 : 503);
}
