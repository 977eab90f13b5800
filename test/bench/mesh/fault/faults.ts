import { closeSync, globSync, openSync, readSync, statSync, utimesSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { GuestProcess, MeshNode } from "../../../mesh/network/index.ts";

/** What happens to one holder. */
export interface Fault {
  readonly id: "fault-killed" | "fault-frozen" | "fault-corrupt";
  /** Before its daemon starts. */
  readonly before?: (holder: MeshNode) => void;
  /** In mid-transfer. */
  readonly during?: (daemon: GuestProcess) => unknown;
}

export const FAULTS: readonly Fault[] = [
  { id: "fault-killed", during: (daemon) => daemon.kill() },
  { id: "fault-frozen", during: (daemon) => daemon.freeze() },
  { id: "fault-corrupt", before: corruptStore },
];

/** Flips a byte in the middle of each file, as a bad disk does: sizes and times stay. */
function corruptStore(holder: MeshNode): void {
  const files = globSync(join(holder.store.rootDir, "nix/store/*/**/file-*"));
  for (const file of files) corruptFile(file);
}

function corruptFile(file: string): void {
  const { size, atime, mtime } = statSync(file);
  if (size === 0) return;
  const position = Math.floor(size / 2);
  const descriptor = openSync(file, "r+");
  const byte = Buffer.alloc(1);
  readSync(descriptor, byte, 0, 1, position);
  writeSync(descriptor, Buffer.from([(byte[0] ?? 0) ^ 0xff]), 0, 1, position);
  closeSync(descriptor);
  utimesSync(file, atime, mtime);
}
