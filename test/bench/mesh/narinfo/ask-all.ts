import { join } from "node:path";
import type { MeshNode } from "../../../mesh/network/index.ts";

const PROGRAM = join(import.meta.dirname, "ask-narinfos.ts");

export interface AskInit {
  readonly url: string;
  readonly hashes: readonly string[];
  /** Of each answer. */
  readonly status: 200 | 404;
  readonly signal: AbortSignal;
}

/** Asks a binary cache from a node for each path's narinfo. @returns the milliseconds of each */
export async function askNarInfos(node: MeshNode, init: AskInit): Promise<readonly number[]> {
  const { url, hashes, status, signal } = init;
  const input = hashes.map((hash) => `${hash}\n`).join("");
  const { stdout } = await node.run([process.execPath, PROGRAM, url, String(status)], { input, signal });
  const times: number[] = JSON.parse(stdout);
  if (times.length !== hashes.length) throw new Error(`${times.length} answers to ${hashes.length} questions`);
  return times;
}
