import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { withDiskErrors } from "../disk/space.ts";

/** What survives a boot about which paths are safely on disk. */
export interface BootRecord {
  /** `/proc/sys/kernel/random/boot_id` when it was written. */
  readonly bootId: string;
  /** Rows up to this id were on disk. */
  readonly syncedThroughId: number;
  /** Rows that were found damaged and could not be repaired. */
  readonly distrustedIds: readonly number[];
}

/** Undefined when there is none, or it is torn or foreign: then nothing is known to be on disk. */
export function readBootRecord(file: string): BootRecord | undefined {
  try {
    return toBootRecord(JSON.parse(readFileSync(file, "utf8")));
  } catch {
    return undefined;
  }
}

/** Replaces the record in one step and waits until it is on disk. */
export function writeBootRecord(file: string, record: BootRecord): void {
  const dir = dirname(file);
  withDiskErrors(dir, () => {
    const temporary = `${file}.new`;
    const descriptor = openSync(temporary, "w", 0o600);
    try {
      writeSync(descriptor, `${JSON.stringify(record)}\n`);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(temporary, file);
    syncDirectory(dir);
  });
}

function syncDirectory(dir: string): void {
  const descriptor = openSync(dir, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function toBootRecord(value: unknown): BootRecord | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  if (!("bootId" in value && "syncedThroughId" in value && "distrustedIds" in value)) return undefined;
  const { bootId, syncedThroughId, distrustedIds } = value;
  if (typeof bootId !== "string" || !isId(syncedThroughId) || !Array.isArray(distrustedIds)) return undefined;
  if (!distrustedIds.every(isId)) return undefined;
  return { bootId, syncedThroughId, distrustedIds };
}

function isId(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
