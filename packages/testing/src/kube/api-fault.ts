import type { IncomingMessage, ServerResponse } from "node:http";

/** How requests that match are mistreated. */
export interface ApiFault {
  /** @default all */
  readonly method?: string;
  /** Matched against path and query. @default all */
  readonly path?: RegExp;
  /** Answer with this status and a Status object. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Of the Status object. */
  readonly message?: string;
  /** Of the Status object. */
  readonly details?: object;
  /** Accept and never answer. */
  readonly hang?: boolean;
  /** Close the connection without an answer. */
  readonly drop?: boolean;
  /** How many requests it hits. @default all */
  readonly times?: number;
}

/** The faults that a test has set, and how often each may still hit. */
export class ApiFaults {
  #faults: { readonly fault: ApiFault; left: number }[] = [];

  set(faults: readonly ApiFault[]): void {
    this.#faults = faults.map((fault) => ({ fault, left: fault.times ?? Number.POSITIVE_INFINITY }));
  }

  /** @returns whether the request has been dealt with */
  strike(request: IncomingMessage, response: ServerResponse): boolean {
    const entry = this.#faults.find(({ fault, left }) => left > 0 && matches(fault, request));
    if (entry === undefined) return false;
    entry.left--;
    const { status = 500, headers, message = "a fault of the test", details, hang, drop } = entry.fault;
    if (hang === true) return true;
    if (drop === true) response.destroy();
    else sendStatus(response, status, message, { headers, details });
    return true;
  }
}

function matches(fault: ApiFault, { method, url }: IncomingMessage): boolean {
  return (fault.method ?? method) === method && (fault.path?.test(url ?? "") ?? true);
}

export function sendJson(response: ServerResponse, status: number, value: unknown, headers = {}): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(value));
}

/** A failure as the API server words it. */
export function sendStatus(
  response: ServerResponse,
  code: number,
  message: string,
  { headers, details = {} }: { readonly headers?: object | undefined; readonly details?: object | undefined } = {},
): void {
  sendJson(response, code, { kind: "Status", apiVersion: "v1", status: "Failure", code, message, details }, headers);
}
