import { NiphasError } from "@niphas/core";
import type { NeighbourProgress } from "../ports.ts";
import { plainText } from "../realise/redact.ts";

/** One line of the mesh daemon's answer to `POST /plan`. */
export type PlanEvent =
  | { readonly event: "progress"; readonly progress: NeighbourProgress }
  | { readonly event: "ready" }
  | { readonly event: "done" }
  | { readonly event: "failed"; readonly reason: string };

const MAX_REASON_LENGTH = 300;

/** Events of other names are undefined: a newer daemon may know more. @throws NiphasError BadBytes */
export function parsePlanEvent(line: string): PlanEvent | undefined {
  const value = parseJson(line);
  if (!isRecord(value) || typeof value["event"] !== "string") throw nonsense();
  const { event } = value;
  if (event === "ready" || event === "done") return { event };
  if (event === "failed") return { event, reason: reasonOf(value["reason"]) };
  if (event !== "progress") return undefined;
  const count = (name: keyof NeighbourProgress): number => countOf(value[name]);
  return {
    event,
    progress: {
      doneBytes: count("doneBytes"),
      totalBytes: count("totalBytes"),
      donePaths: count("donePaths"),
      totalPaths: count("totalPaths"),
      peers: count("peers"),
      peerBytes: count("peerBytes"),
      upstreamBytes: count("upstreamBytes"),
    },
  };
}

function reasonOf(value: unknown): string {
  return typeof value === "string" ? plainText(value.slice(0, MAX_REASON_LENGTH).toWellFormed()) : "";
}

function countOf(value: unknown): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  throw nonsense();
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function nonsense(): NiphasError {
  return new NiphasError("BadBytes", "the mesh answers nonsense");
}
