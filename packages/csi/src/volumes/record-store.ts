import {
  copyFileSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { systemErrorCode, type VolumeId } from "@niphas/core";
import type { GcRoots } from "@niphas/nix";
import { formatVolumeRecord, parseVolumeRecord, type VolumeRecord } from "./volume-record.ts";

export type StoredRecord =
  | { readonly state: "none" }
  | { readonly state: "unreadable" }
  | { readonly state: "ok"; readonly record: VolumeRecord };

const RECORD_NAME = "volume.json";
/** More than anyone reads; a disk that eats records must not fill up with them. */
const MAX_QUARANTINED = 100;

/** The volumes' records, each beside its volume's roots. Synchronous: a record is one small file. */
export class RecordStore {
  readonly #gcRoots: GcRoots;
  readonly #quarantineDir: string;

  constructor(components: { readonly gcRoots: GcRoots }, init: { readonly quarantineDir: string }) {
    this.#gcRoots = components.gcRoots;
    this.#quarantineDir = init.quarantineDir;
  }

  read(volumeId: VolumeId): StoredRecord {
    const text = readIfThere(this.#file(volumeId));
    if (text === undefined) return { state: "none" };
    const record = parseVolumeRecord(text);
    return record === undefined || record.volumeId !== volumeId ? { state: "unreadable" } : { state: "ok", record };
  }

  /** Written aside and renamed: a reader sees the old record or the new one. The volume's directory must exist. */
  write(record: VolumeRecord): void {
    const file = this.#file(record.volumeId);
    writeFileSync(`${file}.tmp`, formatVolumeRecord(record), { mode: 0o600 });
    renameSync(`${file}.tmp`, file);
  }

  /** Takes an unreadable record out of the way and keeps it for whoever looks into it. */
  quarantine(volumeId: VolumeId): void {
    const file = this.#file(volumeId);
    mkdirSync(this.#quarantineDir, { recursive: true, mode: 0o700 });
    if (readdirSync(this.#quarantineDir).length < MAX_QUARANTINED) {
      copyFileSync(file, join(this.#quarantineDir, `${volumeId}.json`));
    }
    rmSync(file);
  }

  #file(volumeId: VolumeId): string {
    return join(this.#gcRoots.ownerDir(volumeId), RECORD_NAME);
  }
}

function readIfThere(file: string): string | undefined {
  try {
    // A new volume has none yet, and an exception costs more than a system call.
    if (lstatSync(file, { throwIfNoEntry: false }) === undefined) return undefined;
    return readFileSync(file, "utf8");
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    if (code === "EISDIR") return "";
    throw error;
  }
}
