import { NiphasError, type StorePath, storePathName } from "@niphas/core";
import type { BootTrust, NeighbourProgress, RealiseProgress, Realiser } from "@niphas/nix";
import type { WaitBudget } from "../background/wait-budget.ts";
import type { PublishObserver } from "./components.ts";

const MIB = 1024 * 1024;
const MAX_NAMED_ROOTS = 3;
const MAX_NAMED_SOURCES = 3;

/** Fetches closures in the background, one fetch per set of roots however many volumes wait, and says how far it is. */
export class ClosureFetch {
  readonly #realiser: Realiser;
  readonly #boot: Pick<BootTrust, "noteRealised">;
  readonly #observer: PublishObserver;
  readonly #progress = new Map<string, RealiseProgress>();

  constructor(components: {
    readonly realiser: Realiser;
    readonly boot: Pick<BootTrust, "noteRealised">;
    readonly observer: PublishObserver;
  }) {
    this.#realiser = components.realiser;
    this.#boot = components.boot;
    this.#observer = components.observer;
  }

  /** @throws NiphasError StillFetching with the progress when the budget is spent, or what the realiser throws */
  async run(roots: readonly StorePath[], budget: WaitBudget): Promise<void> {
    const key = `fetch ${roots.join(" ")}`;
    const start = async (signal: AbortSignal): Promise<void> => this.#realise(key, roots, signal);
    await budget.run({ key, start }, () => describeFetch(roots, this.#progress.get(key)));
  }

  async #realise(key: string, roots: readonly StorePath[], signal: AbortSignal): Promise<void> {
    try {
      const onProgress = (progress: RealiseProgress): void => void this.#progress.set(key, progress);
      await this.#realiser.realise(roots, { signal, onProgress });
      this.#boot.noteRealised();
    } finally {
      const { doneBytes = 0, mesh } = this.#progress.get(key) ?? {};
      const meshBytes = Math.min(mesh?.peerBytes ?? 0, doneBytes);
      this.#observer.fetched(doneBytes - meshBytes, meshBytes);
      this.#progress.delete(key);
    }
  }
}

/** `fetching hello-2.12: 430 of 812 MiB, 12 of 87 paths, from cache.nixos.org; the next retry joins in`; with a mesh see {@link describeMesh}. */
export function describeFetch(roots: readonly StorePath[], progress: RealiseProgress | undefined): string {
  const names = listSome(roots.map(storePathName), MAX_NAMED_ROOTS);
  if (progress === undefined || progress.phase === "querying") {
    return `fetching ${names}: asking the substituters what it needs; the next retry joins in`;
  }
  if (progress.mesh !== undefined && progress.mesh.totalBytes > 0) {
    return `fetching ${names}: ${describeMesh(progress.mesh)}; the next retry joins in`;
  }
  const bytes = `${toMib(progress.doneBytes)} of ${toMib(progress.totalBytes)} MiB`;
  const paths = `${progress.donePaths} of ${progress.totalPaths} paths`;
  const from = progress.sources.length === 0 ? "" : `, from ${listSome(progress.sources, MAX_NAMED_SOURCES)}`;
  return `fetching ${names}: ${bytes}, ${paths}${from}; the next retry joins in`;
}

/** `430 of 812 MiB, 6 peers, 0 upstream`; what upstream gave is in MiB, too. */
function describeMesh({ doneBytes, totalBytes, peers, upstreamBytes }: NeighbourProgress): string {
  const upstream = upstreamBytes === 0 ? "0" : `${toMib(upstreamBytes)} MiB`;
  const count = peers === 1 ? "1 peer" : `${peers} peers`;
  return `${toMib(doneBytes)} of ${toMib(totalBytes)} MiB, ${count}, ${upstream} upstream`;
}

/** Thrown when a collector removes the closure again and again while it is published. */
export function collectedError(roots: readonly StorePath[]): NiphasError {
  const names = listSome(roots.map(storePathName), MAX_NAMED_ROOTS);
  const message = `${names} was garbage-collected while it was being published: is the disk nearly full?`;
  return new NiphasError("ClosureCollected", message);
}

function listSome(names: readonly string[], count: number): string {
  const shown = names.slice(0, count).join(", ");
  return names.length > count ? `${shown} and ${names.length - count} more` : shown;
}

function toMib(bytes: number): number {
  return Math.round(bytes / MIB);
}
