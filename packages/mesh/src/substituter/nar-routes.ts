import { isNiphasError, type NarInfo } from "@niphas/core";
import type { Context } from "hono";
import type { ByteRange } from "../ports.ts";
import type { BadNars } from "./bad-nars.ts";
import { parseByteRange } from "./byte-range.ts";
import { type NarUrl, parseNarUrl } from "./nar-url.ts";
import { openBody } from "./opened-body.ts";
import type { NarInfoSource, NarSource, SubstituterEvent, SubstituterObserver } from "./ports.ts";
import { type NarInfoBudgets, resolveInTime } from "./resolve-in-time.ts";
import { fileResponse } from "./side-file-response.ts";
import { Stopwatch } from "./stopwatch.ts";

export interface NarRoutesComponents {
  readonly narInfos: NarInfoSource;
  readonly nars: NarSource;
  readonly badNars: BadNars;
  readonly observe: SubstituterObserver;
}

/**
 * `nar/…`. Until the first byte an error is a 404; after it the connection is destroyed before the body's end, so that
 * Nix takes nothing for complete.
 */
export class NarRoutes {
  readonly #components: NarRoutesComponents;
  readonly #budgets: NarInfoBudgets;

  constructor(components: NarRoutesComponents, init: { readonly budgets: NarInfoBudgets }) {
    this.#components = components;
    this.#budgets = init.budgets;
  }

  async serve(c: Context): Promise<Response> {
    const url = parseNarUrl(c.req.param("file") ?? "");
    if (url === undefined) return c.notFound();
    const request = url.compression === "none" ? "nar" : "compressed";
    const watch = new Stopwatch();
    const end = (outcome: SubstituterEvent["outcome"]): void =>
      this.#components.observe({ request, outcome, tookMs: watch.elapsedMs });
    try {
      const response = await this.#answer(c, url, end);
      end(response === undefined ? "absent" : "served");
      return response ?? c.notFound();
    } catch (error) {
      end(this.#failed(url, error));
      return c.notFound();
    }
  }

  async #answer(
    c: Context,
    url: NarUrl,
    end: (outcome: SubstituterEvent["outcome"]) => void,
  ): Promise<Response | undefined> {
    const info = await resolveInTime(this.#components.narInfos, url.path, this.#budgets, c.req.raw.signal);
    if (typeof info !== "object" || info.narHash !== url.narHash) return undefined;
    const onFailure = (error: unknown): void => end(this.#failed(url, error));
    if (url.compression !== "none") return this.#compressed(c, info, url, onFailure);
    return info.compression === "none" ? this.#raw(c, info, onFailure) : undefined;
  }

  async #raw(c: Context, info: NarInfo, onFailure: (error: unknown) => void): Promise<Response | undefined> {
    const sizeBytes = info.narSizeBytes;
    const asked = parseByteRange(c.req.header("range"), sizeBytes);
    if (asked === "unsatisfiable")
      return new Response(null, { status: 416, headers: { "content-range": `bytes */${sizeBytes}` } });
    const range = asked === "whole" ? { start: 0, end: sizeBytes } : asked;
    if (range.start > 0 && this.#components.badNars.has(info.narHash)) return undefined;
    const head = { status: asked === "whole" ? 200 : 206, headers: narHeaders(range, sizeBytes, asked !== "whole") };
    if (c.req.method === "HEAD") return new Response(null, head);
    const source = await this.#components.nars.open(info, range, c.req.raw.signal);
    const { stream } = await openBody(source, onFailure);
    return new Response(stream, head);
  }

  /** Passed through for URLs that were handed out when nobody here could undo the compression. */
  async #compressed(
    c: Context,
    info: NarInfo,
    url: NarUrl,
    onFailure: (error: unknown) => void,
  ): Promise<Response | undefined> {
    const [, digits = "0"] = /^bytes=(\d{1,15})-$/.exec(c.req.header("range") ?? "") ?? [];
    const { nars } = this.#components;
    const file = await nars.compressed(info, url.compression, Number(digits), c.req.raw.signal);
    if (file === undefined) return undefined;
    const response = await fileResponse(c, file, onFailure);
    response.headers.set("content-type", "application/x-nix-nar");
    if (file.contentEncoding === undefined) response.headers.set("accept-ranges", "bytes");
    return response;
  }

  #failed(url: NarUrl, error: unknown): SubstituterEvent["outcome"] {
    if (!isNiphasError(error) || error.code !== "BadBytes") return "broken";
    this.#components.badNars.add(url.narHash);
    return "corrupt";
  }
}

function narHeaders({ start, end }: ByteRange, sizeBytes: number, isPart: boolean): Headers {
  const headers = new Headers({
    "content-type": "application/x-nix-nar",
    "content-length": String(end - start),
    "accept-ranges": "bytes",
  });
  if (isPart) headers.set("content-range", `bytes ${start}-${end - 1}/${sizeBytes}`);
  return headers;
}
