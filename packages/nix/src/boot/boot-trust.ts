import { readFileSync } from "node:fs";
import { NiphasError, type StorePath } from "@niphas/core";
import type { StoreDatabase } from "../ports.ts";
import type { NixRunner } from "../process/nix-runner.ts";
import { storeLayout } from "../store/layout.ts";
import { type BootRecord, readBootRecord, writeBootRecord } from "./boot-record.ts";
import { syncFileSystem } from "./sync-file-system.ts";
import { verifyPaths } from "./verify-paths.ts";

/** https://docs.kernel.org/admin-guide/sysctl/kernel.html#random */
const BOOT_ID_FILE = "/proc/sys/kernel/random/boot_id";

export interface BootReport {
  /** True when the machine was booted since the record was written: some paths may be torn. */
  readonly isOtherBoot: boolean;
  readonly verifiedCount: number;
  /** Their files are new: a tree view that is older shows the torn ones. */
  readonly repaired: readonly StorePath[];
  /** Not shown to anybody until they are collected and fetched anew, or repaired at the next start. */
  readonly distrusted: readonly StorePath[];
}

/**
 * After a crash of the machine a registered path may have torn files, because
 * Nix does not wait until they are on disk. Rows that were not synced in their
 * own boot are distrusted from the first moment and verified one after the other.
 */
export interface BootTrust {
  /**
   * Verifies what is distrusted, repairs what is damaged and writes the record.
   * Publishing may go on meanwhile: {@link assertNotDistrusted} guards it.
   * @throws NiphasError Cancelled, CommandFailed, StoreUnavailable
   */
  verify(signal: AbortSignal): Promise<BootReport>;
  /** Syncs the store's file system and then the record, in the background; calls during a sync share the next one. */
  noteRealised(): void;
  /**
   * One look at an empty set, normally.
   * @throws NiphasError PathDistrusted when the closure holds a path that is not (yet) known to be intact
   */
  assertNotDistrusted(roots: readonly StorePath[]): void;
  /** Distrusted now, and so not repaired yet: what was made of them before the boot may show torn files. */
  readonly doubtful: readonly StorePath[];
  /** Rows that are distrusted now, for metrics. */
  readonly distrustedCount: number;
  stop(): Promise<void>;
}

export interface BootTrustComponents {
  readonly nix: NixRunner;
  readonly database: StoreDatabase;
}

export interface BootTrustInit {
  /** Where the record is kept, such as `<state dir>/boot.json`. */
  readonly recordFile: string;
  /** Default the kernel's. */
  readonly bootId?: string;
  /** Hears why a background sync failed; the next one tries again. */
  readonly onSyncError?: (error: unknown) => void;
}

/** @throws NiphasError StoreUnavailable */
export function createBootTrust(components: BootTrustComponents, init: BootTrustInit): BootTrust {
  return new RecordedBootTrust(components, init);
}

class RecordedBootTrust implements BootTrust {
  readonly #nix: NixRunner;
  readonly #database: StoreDatabase;
  readonly #recordFile: string;
  readonly #bootId: string;
  readonly #onSyncError: (error: unknown) => void;
  readonly #isOtherBoot: boolean;
  readonly #stopping = new AbortController();
  /** Row ids and their paths. */
  readonly #distrusted: Map<number, StorePath>;
  /** Until all is verified the old record stands, so that a crash meanwhile loses no doubt. */
  #isVerified: boolean;
  #syncing: Promise<void> = Promise.resolve();
  /** The sync that has not begun yet and that further calls share. */
  #queued: Promise<void> | undefined;

  constructor({ nix, database }: BootTrustComponents, init: BootTrustInit) {
    this.#nix = nix;
    this.#database = database;
    this.#recordFile = init.recordFile;
    this.#bootId = init.bootId ?? readFileSync(BOOT_ID_FILE, "utf8").trim();
    this.#onSyncError = init.onSyncError ?? (() => undefined);
    const record = readBootRecord(init.recordFile);
    this.#isOtherBoot = record?.bootId !== this.#bootId;
    this.#distrusted = doubtfulRows(database, record, this.#isOtherBoot);
    this.#isVerified = !this.#isOtherBoot;
  }

  get doubtful(): readonly StorePath[] {
    return [...this.#distrusted.values()];
  }

  get distrustedCount(): number {
    return this.#distrusted.size;
  }

  async verify(signal: AbortSignal): Promise<BootReport> {
    const ids = new Map([...this.#distrusted].map(([id, path]) => [path, id]));
    const repaired: StorePath[] = [];
    await verifyPaths(this.#nix, this.#stillValid(), {
      signal: AbortSignal.any([signal, this.#stopping.signal]),
      onVerdict: (path, verdict) => {
        if (verdict === "repaired") repaired.push(path);
        if (verdict !== "damaged") this.#distrusted.delete(ids.get(path) ?? 0);
      },
    });
    this.#isVerified = true;
    this.noteRealised();
    return { isOtherBoot: this.#isOtherBoot, verifiedCount: ids.size, repaired, distrusted: this.doubtful };
  }

  noteRealised(): void {
    if (this.#queued !== undefined || this.#stopping.signal.aborted) return;
    this.#queued = this.#syncing.then(() => this.#sync()).catch((error: unknown) => this.#reportSyncError(error));
    this.#syncing = this.#queued;
  }

  assertNotDistrusted(roots: readonly StorePath[]): void {
    if (this.#distrusted.size === 0) return;
    for (const { id, path } of this.#database.closure(roots)) {
      if (!this.#distrusted.has(id)) continue;
      const reason = this.#isVerified
        ? "it is damaged and no cache could repair it: remove it with nix-store --delete, it is then fetched anew"
        : "it is being verified after the machine's last boot";
      throw new NiphasError("PathDistrusted", `${path} is not used yet: ${reason}`);
    }
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#syncing;
  }

  async #sync(): Promise<void> {
    this.#queued = undefined;
    if (!this.#isVerified) return;
    // Read before the sync: rows that come during it are not covered by it.
    const syncedThroughId = this.#database.newestId();
    await syncFileSystem(storeLayout(this.#nix.settings.store).storeDir, this.#stopping.signal);
    const distrustedIds = [...this.#distrusted.keys()];
    writeBootRecord(this.#recordFile, { bootId: this.#bootId, syncedThroughId, distrustedIds });
  }

  #reportSyncError(error: unknown): void {
    if (!this.#stopping.signal.aborted) this.#onSyncError(error);
  }

  /** Forgets rows that have been collected meanwhile; an id is never used again. */
  #stillValid(): readonly StorePath[] {
    for (const [id, path] of this.#distrusted) {
      if (this.#database.validId(path) !== id) this.#distrusted.delete(id);
    }
    return this.doubtful;
  }
}

function doubtfulRows(
  database: StoreDatabase,
  record: BootRecord | undefined,
  isOtherBoot: boolean,
): Map<number, StorePath> {
  const known = new Set(record?.distrustedIds ?? []);
  const syncedThroughId = record?.syncedThroughId ?? 0;
  if (!isOtherBoot && known.size === 0) return new Map();
  const rows = database.registeredAfter(0);
  const doubtful = rows.filter(({ id }) => known.has(id) || (isOtherBoot && id > syncedThroughId));
  return new Map(doubtful.map(({ id, path }) => [id, path]));
}
