import { existsSync, readFileSync } from "node:fs";

/** One request as nginx has logged it, which it does when the answer has been sent or the client has left. */
export interface UpstreamRequest {
  readonly atSeconds: number;
  /** The address that nginx saw: with a delay, the proxy's. */
  readonly client: string;
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  /** The header `Range`; empty when there was none. */
  readonly range: string;
  readonly status: number;
  /** Sent, with the headers of the answer. */
  readonly bytes: number;
}

/** The complete lines of an access log from the byte `start` on. */
export function readAccessLog(file: string, start: number): readonly UpstreamRequest[] {
  if (!existsSync(file)) return [];
  const text = readFileSync(file).subarray(start).toString("utf8");
  const complete = text.slice(0, text.lastIndexOf("\n") + 1);
  return complete.split("\n").filter(Boolean).map(parseEntry);
}

function parseEntry(line: string): UpstreamRequest {
  const { atSeconds, client, method, path, range, status, bytes }: Record<string, string> = JSON.parse(line);
  return {
    atSeconds: Number(atSeconds),
    client: String(client),
    method: String(method),
    path: String(path),
    range: String(range),
    status: Number(status),
    bytes: Number(bytes),
  };
}
