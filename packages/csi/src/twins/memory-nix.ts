import { NiphasError, type StorePath } from "@niphas/core";
import type {
  CollectorNotifier,
  PathInfo,
  RealiseProgress,
  Realiser,
  RegisteredPath,
  StoreDatabase,
  TrustChecker,
} from "@niphas/nix";

interface PendingRealise {
  readonly roots: readonly StorePath[];
  readonly signal: AbortSignal;
  readonly onProgress: (progress: RealiseProgress) => void;
  readonly outcome: PromiseWithResolvers<void>;
}

/** Store, realiser, notifier and trust in memory. Tests decide when a fetch ends, and what fails. */
export class MemoryNix implements StoreDatabase, Realiser, CollectorNotifier, TrustChecker {
  readonly #ids = new Map<StorePath, number>();
  #nextId = 1;
  readonly pending: PendingRealise[] = [];
  realiseCount = 0;
  announceCount = 0;
  /** Thrown by every database read while set. */
  databaseError: NiphasError | undefined;
  trustError: NiphasError | undefined;
  /** Runs when roots are announced: a collector that deletes something then. */
  onAnnounce: () => void = () => undefined;
  readonly trustQuestions: { readonly allowContentAddressedRoots: boolean }[] = [];

  addValid(...paths: readonly StorePath[]): void {
    for (const path of paths) this.#ids.set(path, this.#nextId++);
  }

  removeValid(path: StorePath): void {
    this.#ids.delete(path);
  }

  /** Ends the oldest running fetch: its paths become valid. */
  finishFetch(): void {
    const fetch = this.pending.shift();
    if (fetch === undefined) throw new Error("nothing is being fetched");
    this.addValid(...fetch.roots);
    fetch.outcome.resolve();
  }

  failFetch(error: NiphasError): void {
    const fetch = this.pending.shift();
    if (fetch === undefined) throw new Error("nothing is being fetched");
    fetch.outcome.reject(error);
  }

  validId(path: StorePath): number | undefined {
    if (this.databaseError !== undefined) throw this.databaseError;
    return this.#ids.get(path);
  }

  pathInfo(): PathInfo | undefined {
    return undefined;
  }

  closure(): readonly PathInfo[] {
    return [];
  }

  async readClosure(): Promise<readonly PathInfo[]> {
    return Promise.resolve([]);
  }

  closureSize(): { pathCount: number; narSizeBytes: number } {
    return { pathCount: this.#ids.size, narSizeBytes: 0 };
  }

  registeredAfter(): readonly RegisteredPath[] {
    return [];
  }

  newestId(): number {
    return this.#nextId - 1;
  }

  close(): void {
    this.#ids.clear();
  }

  async realise(
    roots: readonly StorePath[],
    options: { readonly signal: AbortSignal; readonly onProgress?: (progress: RealiseProgress) => void },
  ): Promise<void> {
    this.realiseCount++;
    const outcome = Promise.withResolvers<void>();
    const fetch = {
      roots,
      signal: options.signal,
      onProgress: options.onProgress ?? (() => undefined),
      outcome,
    };
    this.pending.push(fetch);
    options.signal.addEventListener("abort", () => {
      this.pending.splice(this.pending.indexOf(fetch), 1);
      outcome.reject(new NiphasError("Cancelled", "the fetch was aborted"));
    });
    await outcome.promise;
  }

  async stop(): Promise<void> {
    for (const fetch of this.pending.splice(0)) fetch.outcome.reject(new NiphasError("ShuttingDown", "stopped"));
    await Promise.resolve();
  }

  async announce(): Promise<void> {
    this.announceCount++;
    this.onAnnounce();
    await Promise.resolve();
  }

  async assertTrusted(
    _roots: readonly StorePath[],
    options: { readonly allowContentAddressedRoots: boolean },
  ): Promise<void> {
    this.trustQuestions.push(options);
    if (this.trustError !== undefined) throw this.trustError;
    await Promise.resolve();
  }
}
