import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { NiphasError } from "@niphas/core";
import type { ClusterTools } from "../tools/tools.ts";
import type { ClusterLayout } from "./layout.ts";

/** What is written down about a cluster. */
export interface ClusterState {
  /** `starting` until everything answered once. */
  readonly phase: "starting" | "ready";
  readonly nodes: number;
  /** On 127.0.0.1 of the host. */
  readonly apiPort: number;
  readonly tools: ClusterTools;
}

/** Undefined when there is none, or a killed `up` has left only a part of it. */
export function readState(layout: ClusterLayout): ClusterState | undefined {
  if (!existsSync(layout.stateFile)) return undefined;
  const state: ClusterState = JSON.parse(readFileSync(layout.stateFile, "utf8"));
  return state;
}

/** @throws NiphasError PathNotFound when no cluster is up */
export function requireState(layout: ClusterLayout): ClusterState {
  const state = readState(layout);
  if (state?.phase === "ready") return state;
  throw new NiphasError(
    "PathNotFound",
    `cluster ${layout.name} is not up: npm run cluster -- up --name ${layout.name}`,
  );
}

export function writeState(layout: ClusterLayout, state: ClusterState): void {
  const part = `${layout.stateFile}.part`;
  writeFileSync(part, `${JSON.stringify(state, null, 2)}\n`);
  renameSync(part, layout.stateFile);
}
