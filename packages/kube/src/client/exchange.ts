import type { IncomingMessage } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { isNiphasError, NiphasError } from "@niphas/core";
import { readText } from "../http/body.ts";
import type { ApiRequest, HttpTransport } from "../http/transport.ts";
import type { Credentials } from "../ports.ts";
import { apiError, parseStatus } from "./api-error.ts";
import { retryAfterMs } from "./retry-after.ts";

/** What ends an exchange before its time. */
export interface Ends {
  /** The caller's signal. */
  readonly cancelled: AbortSignal;
  /** Aborts when the API server takes too long. */
  readonly late: AbortSignal;
}

export interface ExchangeComponents {
  readonly transport: HttpTransport;
  readonly credentials: Pick<Credentials, "invalidate">;
}

const MAX_ATTEMPTS = 5;

/**
 * Sends a request until the API server takes it: again with fresh credentials when the old ones are refused, and after
 * a while when it asks for that. The caller reads the body.
 * @param budgetMs a wait that would take longer than what is left of this is not begun
 */
export async function openExchange(
  { transport, credentials }: ExchangeComponents,
  request: ApiRequest,
  { ends, budgetMs }: { readonly ends: Ends; readonly budgetMs: number },
): Promise<IncomingMessage> {
  const signal = AbortSignal.any([ends.cancelled, ends.late]);
  const endsAtMs = performance.now() + budgetMs;
  for (let attempt = 1; ; attempt++) {
    const response = await transport.send(request, signal);
    const status = response.statusCode ?? 0;
    if (status >= 200 && status < 300) return response;
    const text = await readText(response);
    const isRefreshed = status === 401 && attempt === 1;
    if (isRefreshed) credentials.invalidate();
    const delayMs = isRefreshed ? 0 : retryAfterMs(status, response.headers);
    const isLast = attempt >= MAX_ATTEMPTS || delayMs === undefined || performance.now() + delayMs > endsAtMs;
    if (isLast) throw apiError(status, parseStatus(text), request);
    await sleep(delayMs, undefined, { signal });
  }
}

/** Our own errors as they are; others by what ended the exchange. */
export function exchangeError(error: unknown, ends: Ends, request: ApiRequest): NiphasError {
  if (isNiphasError(error)) return error;
  if (ends.cancelled.aborted) return new NiphasError("Cancelled", "the work was cancelled", { cause: error });
  const [path] = request.path.split("?");
  const what = ends.late.aborted ? "went silent during" : "broke off";
  return new NiphasError("ApiUnavailable", `the API server ${what} ${request.method} ${path}`, { cause: error });
}
