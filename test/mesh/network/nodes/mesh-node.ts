import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { StorePath } from "@niphas/core";
import type { StoreLocation } from "@niphas/nix";
import { type CommandOptions, type CommandResult, runCommand } from "@niphas/testing";
import type { Station } from "../links/partition.ts";
import { GuestProcess } from "../namespaces/guest-process.ts";
import type { Namespaces } from "../namespaces/namespaces.ts";
import { REALISE_PROGRAM, Realisation } from "./realisation.ts";
import type { Realised, RealiseRequest } from "./realise-request.ts";

export interface MeshNodeInit {
  readonly namespaces: Namespaces;
  readonly station: Station;
  /** Made here. */
  readonly directory: string;
}

export type RealiseOptions = Pick<RealiseRequest, "substituters" | "mesh" | "trustedPublicKeys"> & {
  readonly signal: AbortSignal;
};

export interface Traffic {
  readonly receivedBytes: number;
  readonly sentBytes: number;
}

/** A machine on the network: an address, a Nix store and a state directory of its own, and what runs there. */
export class MeshNode {
  readonly name: string;
  readonly address: string;
  /** A chroot store, which the first realisation makes. */
  readonly store: StoreLocation;
  /** For a daemon. */
  readonly stateDir: string;
  readonly #init: MeshNodeInit;
  readonly #guests = new Set<GuestProcess>();

  constructor(init: MeshNodeInit) {
    this.#init = init;
    this.name = init.station.namespace;
    this.address = init.station.address;
    this.store = { rootDir: join(init.directory, "store") };
    this.stateDir = join(init.directory, "state");
    mkdirSync(this.stateDir, { recursive: true });
  }

  /** Starts any command here; it runs until it is killed or the network ends. */
  async startDaemon(
    argv: readonly string[],
    options: { readonly signal: AbortSignal; readonly env?: Readonly<Record<string, string>> },
  ): Promise<GuestProcess> {
    const guest = await GuestProcess.start({
      ...options,
      namespaces: this.#init.namespaces,
      namespace: this.name,
      argv,
    });
    this.#guests.add(guest);
    void guest.exited().then(() => this.#guests.delete(guest));
    return guest;
  }

  /** Runs a command here that ends by itself. */
  run(argv: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
    return this.#init.namespaces.run(this.name, argv, options);
  }

  /** Fetches a closure into the node's store as the node plugin does, by the Nix on PATH; the time is that of the fetch alone. */
  async realise(root: StorePath, options: RealiseOptions): Promise<Realised> {
    await using realisation = await this.prepareRealise(root, options);
    return await realisation.run(options.signal);
  }

  /** All of {@link realise} but the fetch. */
  async prepareRealise(root: StorePath, { signal, ...options }: RealiseOptions): Promise<Realisation> {
    const { rootDir: storeDir } = this.store;
    const request: RealiseRequest = { ...options, root, storeDir, cacheDir: join(this.#init.directory, "nix-cache") };
    const argv = [process.execPath, REALISE_PROGRAM, JSON.stringify(request)];
    return await Realisation.prepare(await this.startDaemon(argv, { signal }), signal);
  }

  /** Gives it a copy of a store that is not in use, which takes the place of what it had. */
  async seed(storeDir: string, signal: AbortSignal): Promise<void> {
    rmSync(this.store.rootDir, { recursive: true, force: true });
    await runCommand(["cp", "--archive", "--reflink=auto", "--", storeDir, this.store.rootDir], { signal });
  }

  /** What has gone through its cable since the start, in packets' full length. */
  async traffic(signal: AbortSignal): Promise<Traffic> {
    const { stdout } = await this.run(["ip", "-json", "-statistics", "link", "show", "eth0"], { signal });
    const [link]: { readonly stats64: Record<"rx" | "tx", { readonly bytes: number }> }[] = JSON.parse(stdout);
    return { receivedBytes: link?.stats64.rx.bytes ?? 0, sentBytes: link?.stats64.tx.bytes ?? 0 };
  }

  /** Ends all that was started here and still runs, at once and without a word. */
  async kill(): Promise<void> {
    await Promise.all([...this.#guests].map((guest) => guest.kill()));
  }

  freeze(): void {
    for (const guest of this.#guests) guest.freeze();
  }

  thaw(): void {
    for (const guest of this.#guests) guest.thaw();
  }
}
