import type { Context } from "hono";
import type { CacheFile } from "../ports.ts";
import { openBody } from "./opened-body.ts";
import type { SubstituterEvent, SubstituterObserver } from "./ports.ts";
import { Stopwatch } from "./stopwatch.ts";

/** A file that Nix can do without, as it is, or 404. */
export async function sideFileResponse(
  c: Context,
  request: SubstituterEvent["request"],
  observe: SubstituterObserver,
  open: (signal: AbortSignal) => Promise<CacheFile | undefined>,
): Promise<Response> {
  const watch = new Stopwatch();
  const end = (outcome: SubstituterEvent["outcome"]): void => observe({ request, outcome, tookMs: watch.elapsedMs });
  try {
    const file = await open(c.req.raw.signal);
    if (file === undefined) {
      end("absent");
      return c.notFound();
    }
    const response = await fileResponse(c, file, () => end("broken"));
    end("served");
    return response;
  } catch {
    end("absent");
    return c.notFound();
  }
}

/** The bytes of a cache's file with the headers that go with them. */
export async function fileResponse(
  c: Context,
  file: CacheFile,
  onFailure: (error: unknown) => void,
): Promise<Response> {
  const headers = new Headers({ "content-type": "application/octet-stream" });
  if (file.contentEncoding !== undefined) headers.set("content-encoding", file.contentEncoding);
  const { totalSizeBytes, startsAt } = file;
  if (totalSizeBytes !== undefined) headers.set("content-length", String(totalSizeBytes - startsAt));
  if (startsAt > 0 && totalSizeBytes !== undefined) {
    headers.set("content-range", `bytes ${startsAt}-${totalSizeBytes - 1}/${totalSizeBytes}`);
  }
  const status = startsAt > 0 ? 206 : 200;
  if (c.req.method === "HEAD") {
    await file[Symbol.asyncDispose]();
    return new Response(null, { status, headers });
  }
  const { stream } = await openBody(file.body, onFailure);
  return new Response(stream, { status, headers });
}
