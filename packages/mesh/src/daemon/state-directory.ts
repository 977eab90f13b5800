import { mkdirSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { NiphasError } from "@niphas/core";

/** Where everything lies in the daemon's state directory; links resolved. The layout is in docs/interfaces.md. */
export interface MeshStateDirectory {
  readonly dir: string;
  /** NARs on their way that are too large for memory. Emptied at start. */
  readonly spoolDir: string;
}

const PRIVATE = 0o700;

/** Makes the directory if it is missing, for this user only. @throws NiphasError StoreUnavailable */
export function openMeshStateDirectory(stateDir: string): MeshStateDirectory {
  try {
    mkdirSync(stateDir, { recursive: true, mode: PRIVATE });
    const dir = realpathSync(stateDir);
    return { dir, spoolDir: join(dir, "spool") };
  } catch (cause) {
    throw new NiphasError("StoreUnavailable", `cannot make or open the directory ${stateDir}`, { cause });
  }
}
