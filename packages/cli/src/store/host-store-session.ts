import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { NiphasError, printableText, type StorePath } from "@niphas/core";
import { localClosure, NixRunner, type NixSettings, type PathInfo, type StoreLocation } from "@niphas/nix";
import { createRunOwner, isStaleRunOwner } from "./run-owner.ts";
import type { StoreSession } from "./store-session.ts";

const REALISE_TIMEOUT_MS = 24 * 60 * 60 * 1000;

/**
 * This machine's own store, used through Nix and its daemon only. Roots are
 * indirect: links below `rootsDir` that the daemon knows of and forgets when they are gone.
 */
export function openHostStore(settings: NixSettings, rootsDir: string): StoreSession {
  return new HostStoreSession(new NixRunner(settings), rootsDir);
}

class HostStoreSession implements StoreSession {
  readonly location: StoreLocation;
  readonly nix: NixRunner;
  readonly database = undefined;
  readonly #rootsDir: string;
  #ownDir: string | undefined;

  constructor(nix: NixRunner, rootsDir: string) {
    this.location = nix.settings.store;
    this.nix = nix;
    this.#rootsDir = rootsDir;
  }

  /** The daemon tells no figures to this protocol, so there is no progress. */
  async realise(roots: readonly StorePath[], signal: AbortSignal): Promise<void> {
    const link = join(this.#makeOwnDir(), "root");
    const result = await this.nix.run("nix-store", {
      args: ["--realise", "--add-root", link, "--indirect", "--", ...roots],
      signal,
      timeoutMs: REALISE_TIMEOUT_MS,
    });
    if (result.outcome === "cancelled") throw new NiphasError("Cancelled", "the work was cancelled");
    if (result.outcome === "exited" && result.exitCode === 0) return;
    const words = printableText(result.stderrLines.findLast((line) => line.startsWith("error:")) ?? "it said nothing");
    throw new NiphasError("CommandFailed", `Nix cannot realise the path: ${words}`, { cause: result.stderrLines });
  }

  /** The daemon does not tell rows, signatures and times; they are empty here and nothing of a run needs them. */
  async closure(roots: readonly StorePath[], signal: AbortSignal): Promise<readonly PathInfo[]> {
    const untold = { id: 0, signatures: [], contentAddress: undefined, isUltimate: false, registeredAtSeconds: 0 };
    const closure = await localClosure(this.nix, roots, { signal });
    return closure.map((info) => ({ ...untold, ...info }));
  }

  /** No view of this store outlives its program. */
  rootsInUse(): ReadonlySet<StorePath> {
    return new Set();
  }

  async close(): Promise<void> {
    if (this.#ownDir !== undefined) rmSync(this.#ownDir, { recursive: true, force: true });
  }

  #makeOwnDir(): string {
    if (this.#ownDir !== undefined) return this.#ownDir;
    mkdirSync(this.#rootsDir, { recursive: true, mode: 0o700 });
    for (const name of readdirSync(this.#rootsDir)) {
      if (isStaleRunOwner(name)) rmSync(join(this.#rootsDir, name), { recursive: true, force: true });
    }
    this.#ownDir = join(this.#rootsDir, createRunOwner());
    mkdirSync(this.#ownDir);
    return this.#ownDir;
  }
}
