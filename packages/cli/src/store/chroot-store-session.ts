import { NiphasError, type StorePath } from "@niphas/core";
import {
  createCollectorNotifier,
  createGcRoots,
  createRealiser,
  type GcRoots,
  initialiseStore,
  NixRunner,
  type NixSettings,
  openStoreDatabase,
  type PathInfo,
  type RealiseProgress,
  type Realiser,
  type StoreDatabase,
  type StoreLocation,
} from "@niphas/nix";
import { createRunOwner, isStaleRunOwner } from "./run-owner.ts";
import type { StoreSession } from "./store-session.ts";

/** Apart from the node plugin's roots, whose janitor removes what it does not know. */
const ROOTS_DIRECTORY = "niphas-run";
const MAX_ROUNDS = 3;

/**
 * Nix looks at this machine's own store even for \`--version\`, and fails where an
 * ordinary user may not reach the daemon's socket. This is what it uses without \`--store\`.
 */
export const OWN_STORE_UNTOUCHED = { NIX_REMOTE: "dummy://" };

interface Components {
  readonly nix: NixRunner;
  readonly database: StoreDatabase;
  readonly realiser: Realiser;
  readonly gcRoots: GcRoots;
}

/**
 * Opens a chroot store. With `isCreated` it is made when it is not there.
 * @throws NiphasError StoreUnavailable
 */
export async function openChrootStore(
  settings: NixSettings,
  options: { readonly isCreated: boolean; readonly signal: AbortSignal },
): Promise<StoreSession> {
  const nix = new NixRunner(settings, { environment: OWN_STORE_UNTOUCHED });
  if (options.isCreated) await initialiseStore(nix, options.signal);
  const database = openStoreDatabase(settings.store);
  const realiser = createRealiser({ nix, database });
  const gcRoots = createGcRoots(settings.store, { directoryName: ROOTS_DIRECTORY });
  return new ChrootStoreSession({ nix, database, realiser, gcRoots });
}

class ChrootStoreSession implements StoreSession {
  readonly location: StoreLocation;
  readonly nix: NixRunner;
  readonly database: StoreDatabase;
  readonly #realiser: Realiser;
  readonly #gcRoots: GcRoots;
  #owner: string | undefined;

  constructor({ nix, database, realiser, gcRoots }: Components) {
    this.location = nix.settings.store;
    this.nix = nix;
    this.database = database;
    this.#realiser = realiser;
    this.#gcRoots = gcRoots;
  }

  /** The root comes first, and a collector that runs already is told: so nothing goes between here and {@link close}. */
  async realise(
    roots: readonly StorePath[],
    signal: AbortSignal,
    onProgress: (progress: RealiseProgress) => void,
  ): Promise<void> {
    this.#keep(roots);
    const notifier = createCollectorNotifier(this.location);
    for (let round = 0; round < MAX_ROUNDS; round++) {
      await this.#realiser.realise(roots, { signal, onProgress });
      await notifier.announce(roots, signal);
      if (roots.every((root) => this.database.validId(root) !== undefined)) return;
    }
    throw new NiphasError("StoreUnavailable", "a garbage collector keeps deleting what is fetched: let it end first");
  }

  async closure(roots: readonly StorePath[]): Promise<readonly PathInfo[]> {
    return this.database.closure(roots);
  }

  rootsInUse(): ReadonlySet<StorePath> {
    return new Set(this.#gcRoots.owners().flatMap((owner) => this.#gcRoots.rootsOf(owner)));
  }

  async close(): Promise<void> {
    await this.#realiser.stop();
    this.database.close();
    if (this.#owner !== undefined) this.#gcRoots.remove(this.#owner);
  }

  #keep(roots: readonly StorePath[]): void {
    for (const owner of this.#gcRoots.owners()) {
      if (isStaleRunOwner(owner)) this.#gcRoots.remove(owner);
    }
    this.#owner ??= createRunOwner();
    this.#gcRoots.add(this.#owner, roots);
  }
}
