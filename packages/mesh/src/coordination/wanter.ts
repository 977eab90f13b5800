import type { PeerId } from "../ports.ts";
import type { WantRole } from "./ports.ts";

/** A node that wants one path, as the path's owner knows it. */
export interface Wanter {
  readonly peer: PeerId;
  role: WantRole;
  haveBytes: number;
  heardMs: number;
  /** When `haveBytes` grew, or when it got the job of fetching. */
  progressedMs: number;
  /** Whom it tails. */
  parent: Wanter | undefined;
  tailerCount: number;
  /** How often it has heard of others. */
  timesNamed: number;
  /** Upstream gave it nothing. */
  hasFailed: boolean;
  /** Gave it nothing though they had something. */
  readonly refused: Set<PeerId>;
}

export function newWanter(peer: PeerId, nowMs: number): Wanter {
  const times = { heardMs: nowMs, progressedMs: nowMs };
  const tree = { parent: undefined, tailerCount: 0, refused: new Set<PeerId>() };
  return { peer, role: "waiting", haveBytes: 0, timesNamed: 0, hasFailed: false, ...times, ...tree };
}

/** Gets its bytes from nobody who tails. */
export function isRoot({ role }: Wanter): boolean {
  return role === "done" || role === "fetching" || role === "sharing";
}

/** Still without the path and still after it. */
export function isWanting({ role }: Wanter): boolean {
  return role !== "done" && role !== "failed";
}

export function setParent(wanter: Wanter, parent: Wanter | undefined): void {
  if (wanter.parent === parent) return;
  if (wanter.parent !== undefined) wanter.parent.tailerCount--;
  wanter.parent = parent;
  if (parent !== undefined) parent.tailerCount++;
}
