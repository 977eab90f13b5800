import { join } from "node:path";
import { type StorePath, storePathHash } from "@niphas/core";
import type { MeshNode } from "../../../mesh/network/index.ts";

const PROGRAM = join(import.meta.dirname, "ask-narinfos.ts");

/** Asks a binary cache from a node for each path's narinfo. @returns the milliseconds of each */
export async function askNarInfos(
  node: MeshNode,
  url: string,
  paths: readonly StorePath[],
  signal: AbortSignal,
): Promise<readonly number[]> {
  const input = paths.map((path) => `${storePathHash(path)}\n`).join("");
  const { stdout } = await node.run([process.execPath, PROGRAM, url], { input, signal });
  const times: number[] = JSON.parse(stdout);
  if (times.length !== paths.length) throw new Error(`${times.length} answers to ${paths.length} questions`);
  return times;
}
