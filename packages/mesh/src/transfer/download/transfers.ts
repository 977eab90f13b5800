import { isNiphasError, type NarHash, NiphasError, untilAborted } from "@niphas/core";
import { Permits } from "../../network/budgets/permits.ts";
import type { LocalStore, PathHash } from "../../ports.ts";
import { pathHashOf } from "../../upstream/path-hash.ts";
import { DOWNLOAD_LIMITS, SPOOL_LIMITS } from "../limits.ts";
import type { WantedNar } from "../ports.ts";
import type { NarSpool } from "../spool/nar-spool.ts";
import type { Spools } from "../spool/spools.ts";
import { NarDownload, type NarDownloadComponents } from "./nar-download.ts";
import { NarEntry } from "./nar-entry.ts";
import { type BadNar, NarRepair } from "./nar-repair.ts";

export interface TransfersComponents extends NarDownloadComponents {
  readonly spools: Spools;
  readonly store: Pick<LocalStore, "pathInfo">;
  /** Hears of a NAR that did not come, and whose size may have been told wrong. @default nobody */
  readonly onDoubt?: (wanted: WantedNar) => void;
}

/** Interest in a NAR. While anybody has it, the NAR is got and then kept. */
export interface NarLease extends Disposable {
  readonly spool: NarSpool;
}

/** All NARs on their way through this node: each once, some at a time, kept for a while for those who come late. */
export class Transfers implements AsyncDisposable {
  readonly #components: TransfersComponents;
  readonly #entries = new Map<string, NarEntry>();
  readonly #permits = new Permits(DOWNLOAD_LIMITS.maxNars);
  readonly #running = new Set<Promise<void>>();
  readonly #repair: NarRepair;
  #isClosed = false;

  constructor(components: TransfersComponents) {
    this.#components = components;
    this.#repair = new NarRepair({ ...components, begin: (wanted) => this.#makeRoom(wanted) });
  }

  /**
   * Begins to get the NAR, or joins those who want it already. Answers when there is room and it is this NAR's turn; how
   * it goes on is to be seen from the spool.
   * @throws NiphasError DiskFull when there is no room, BadBytes when nobody gives the signed NAR, ShuttingDown; the
   * signal's reason
   */
  async open(wanted: WantedNar, signal: AbortSignal): Promise<NarLease> {
    for (;;) {
      signal.throwIfAborted();
      if (this.#isClosed) throw new NiphasError("ShuttingDown", "the mesh is shutting down");
      const entry = this.#entries.get(keyOf(wanted)) ?? this.#begin(wanted);
      const isSame = entry.wanted.narSizeBytes === wanted.narSizeBytes;
      if (isSame && entry.current?.state !== "failed") return await this.#join(entry, signal);
      if (!isSame && entry.isVerified) throw this.#otherSize(wanted);
      await untilAborted(entry.run, signal);
    }
  }

  /** What there is of a NAR now, for peers; `getting`: it has not begun to come. */
  find(path: PathHash, narHash: NarHash): NarSpool | "getting" | undefined {
    const entry = this.#entries.get(`${path}-${narHash}`);
    if (entry === undefined || entry.current?.state === "failed") return undefined;
    return entry.current ?? "getting";
  }

  /** Waits until it has begun to come. @throws what keeps it from that; the signal's reason */
  async begun(path: PathHash, narHash: NarHash, signal: AbortSignal): Promise<NarSpool | undefined> {
    const entry = this.#entries.get(`${path}-${narHash}`);
    return entry === undefined ? undefined : await untilAborted(entry.spool, signal);
  }

  /** NARs that are got, wait for their turn, or are kept. */
  get count(): number {
    return this.#entries.size;
  }

  /** NARs of which nothing has come yet: they wait for their turn or for room. */
  get queuedCount(): number {
    return this.#entries.values().reduce((count, { current }) => (current === undefined ? count + 1 : count), 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    const entries = [...this.#entries.values()];
    for (const entry of entries) entry.abort(new NiphasError("ShuttingDown", "the mesh is shutting down"));
    while (this.#running.size > 0) await Promise.all(this.#running);
    await Promise.all(entries.map((entry) => this.#drop(entry)));
  }

  #begin(wanted: WantedNar): NarEntry {
    return this.#start(new NarEntry({ wanted, isPinned: false }), (entry) => this.#get(entry));
  }

  #start(entry: NarEntry, work: (entry: NarEntry) => Promise<void>): NarEntry {
    this.#entries.set(keyOf(entry.wanted), entry);
    const run = work(entry).finally(() => this.#running.delete(run));
    this.#running.add(run);
    entry.run = run;
    return entry;
  }

  async #join(entry: NarEntry, signal: AbortSignal): Promise<NarLease> {
    entry.join();
    let isHeld = true;
    const leave = (): void => {
      if (isHeld) this.#leave(entry);
      isHeld = false;
    };
    try {
      return { spool: await untilAborted(entry.spool, signal), [Symbol.dispose]: leave };
    } catch (error) {
      leave();
      throw error;
    }
  }

  #leave(entry: NarEntry): void {
    entry.leave();
    if (entry.users > 0) return;
    if (entry.isVerified) this.#keep(entry);
    // One that has failed ends by itself, and who asks again waits until its sources have been judged.
    else if (!entry.isPinned && entry.current?.state !== "failed") this.#giveUp(entry);
  }

  #giveUp(entry: NarEntry): void {
    this.#forget(entry);
    entry.abort();
  }

  /** Never fails: those who wait learn it from the entry. */
  async #get(entry: NarEntry): Promise<void> {
    try {
      await this.#fill(entry);
      this.#verified(entry);
    } catch (error) {
      entry.failed(error);
      if (isNiphasError(error) && error.kind === "exhausted") this.#refused(entry);
      await this.#end(entry);
    }
  }

  async #fill(entry: NarEntry): Promise<void> {
    using _permit = await this.#permits.take(entry.signal);
    const spool = await this.#makeRoom(entry.wanted);
    entry.begun(spool);
    const download = new NarDownload(this.#components, { spool });
    try {
      await download.run(entry.signal);
    } catch (error) {
      const hasLied = spool.failure?.code === "BadBytes" && spool.doneBytes === entry.wanted.narSizeBytes;
      if (hasLied) this.#suspect({ spool, relays: download.relays });
      throw error;
    }
  }

  /** With one source its guilt is plain; else the NAR is got again at once, and who wants it waits for that. */
  #suspect(bad: BadNar): void {
    const culprit = NarRepair.plainCulprit(bad);
    if (culprit !== undefined) this.#repair.punish([culprit], bad);
    if (culprit !== undefined || this.#isClosed) return;
    const entry = new NarEntry({ wanted: bad.spool.wanted, isPinned: true });
    this.#start(entry, (repaired) => this.#mend(repaired, bad));
  }

  /** As {@link #get}. */
  async #mend(entry: NarEntry, bad: BadNar): Promise<void> {
    try {
      using _permit = await this.#permits.take(entry.signal);
      entry.begun(await this.#repair.run(bad, entry.signal));
      this.#verified(entry);
    } catch (error) {
      entry.failed(error);
      await this.#end(entry);
    } finally {
      await bad.spool[Symbol.asyncDispose]();
    }
  }

  #verified(entry: NarEntry): void {
    this.#components.traffic.observe({ kind: "verified", path: pathHashOf(entry.wanted.path) });
    if (entry.users === 0) this.#keep(entry);
  }

  /** Until it is a valid path, from which peers are served then, or for a minute. */
  #keep(entry: NarEntry): void {
    entry.keep?.cancel();
    entry.keep = this.#components.traffic.clock.setTimer(SPOOL_LIMITS.sweepMs, () => {
      entry.keptMs += SPOOL_LIMITS.sweepMs;
      if (entry.keptMs >= SPOOL_LIMITS.keepMs || this.#isValid(entry.wanted)) this.#drop(entry).catch(() => undefined);
      else this.#keep(entry);
    });
  }

  #isValid({ path, narHash }: WantedNar): boolean {
    try {
      return this.#components.store.pathInfo(pathHashOf(path))?.narHash === narHash;
    } catch {
      return false;
    }
  }

  /** Kept NARs make room for new ones, the oldest first. @throws NiphasError DiskFull, StoreUnavailable */
  async #makeRoom(wanted: WantedNar): Promise<NarSpool> {
    for (;;) {
      try {
        return await this.#components.spools.begin(wanted);
      } catch (error) {
        const idle = [...this.#entries.values()].find((entry) => entry.isIdle);
        if (idle === undefined || !isNiphasError(error) || error.kind !== "exhausted") throw error;
        await this.#drop(idle);
      }
    }
  }

  async #drop(entry: NarEntry): Promise<void> {
    this.#forget(entry);
    entry.abort();
    await entry.current?.[Symbol.asyncDispose]();
  }

  /** Unless a repair has taken its place, and needs its bytes. */
  async #end(entry: NarEntry): Promise<void> {
    const hasRepair = this.#entries.get(keyOf(entry.wanted))?.isPinned === true && !entry.isPinned;
    if (!hasRepair && !entry.signal.aborted) this.#doubt(entry.wanted);
    this.#forget(entry);
    if (!hasRepair) await entry.current?.[Symbol.asyncDispose]();
  }

  #otherSize(wanted: WantedNar): NiphasError {
    this.#doubt(wanted);
    return new NiphasError("BadBytes", `the NAR of ${wanted.path} has another size than was told`);
  }

  #doubt(wanted: WantedNar): void {
    if (wanted.isSizeSigned === false) this.#components.onDoubt?.(wanted);
  }

  #forget(entry: NarEntry): void {
    entry.keep?.cancel();
    const key = keyOf(entry.wanted);
    if (this.#entries.get(key) === entry) this.#entries.delete(key);
  }

  #refused({ wanted }: NarEntry): void {
    this.#components.traffic.observe({ kind: "refused", path: pathHashOf(wanted.path) });
  }
}

function keyOf({ path, narHash }: WantedNar): string {
  return `${pathHashOf(path)}-${narHash}`;
}
