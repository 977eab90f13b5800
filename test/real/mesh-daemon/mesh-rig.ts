import { peerIdFromPrivateKey } from "@libp2p/peer-id";
import { parseTrustedKey, type StorePath } from "@niphas/core";
import { loadPrivateKey } from "@niphas/mesh";
import {
  createRealiser,
  HttpNeighbours,
  initialiseStore,
  NixRunner,
  type NixSettings,
  openStoreDatabase,
} from "@niphas/nix";
import {
  BinaryCacheServer,
  type ClosureOptions,
  freePort,
  runCommand,
  type TemporaryDirectory,
  TestStore,
  temporaryDirectory,
  waitUntil,
} from "@niphas/testing";
import { never } from "../nix/node-store.ts";
import { MeshDaemon } from "./mesh-daemon.ts";

export interface MeshRigInit {
  readonly nodeCount: number;
  readonly closure?: Partial<ClosureOptions>;
  readonly compression?: "none" | "xz" | "zstd";
  readonly flags?: Readonly<Record<string, string>>;
}

/** Nothing waits so long: it ends a test that has failed. */
const REALISE_TIMEOUT_MS = 200_000;

/** One path that takes its time: larger than what is given away only as a whole. */
export const LARGE: Partial<ClosureOptions> = { pathCount: 1, fileCount: 24, fileSizeBytes: 1_000_000 };

/** Machines that know each other, each with a daemon and a store of its own, and one binary cache for all. */
export async function meshRig(init: MeshRigInit) {
  const stack = new AsyncDisposableStack();
  const directory = stack.use(temporaryDirectory("mesh-daemon"));
  const source = await TestStore.create(directory.join("source"));
  const closure = await source.addClosure({ name: "app", pathCount: 6, fileCount: 40, ...init.closure });
  const cacheDir = directory.join("cache");
  await source.copyToCache(cacheDir, [closure.root], { compression: init.compression ?? "none" });
  const upstream = stack.use(await BinaryCacheServer.start(cacheDir));
  const places = await Promise.all(Array.from({ length: init.nodeCount }, (_, index) => newPlace(directory, index)));
  const members = `static:${places.map(({ peerId, port }) => `${peerId}@127.0.0.1:${port}`).join(",")}`;
  const nodes: MeshRigNode[] = [];
  for (const place of places) {
    const shared = { members, upstreams: [upstream.url], trustedPublicKey: source.publicKey, flags: init.flags ?? {} };
    nodes.push(stack.use(await MeshRigNode.start(place, shared)));
  }
  const node = (index: number): MeshRigNode => {
    const found = nodes[index];
    if (found === undefined) throw new RangeError(`there is no node ${index}`);
    return found;
  };
  const rootHash = closure.root.slice(11, 43);
  await waitUntil("all to be connected", async () => {
    const reports = await Promise.all(nodes.map(({ daemon }) => daemon.status()));
    return reports.every((report) => report.members.every(({ state }) => state === "connected"));
  });
  return {
    directory,
    source,
    closure,
    rootHash,
    upstream,
    nodes,
    node,
    /** Waits until a node knows by the mesh who has the closure. */
    known: (reader: MeshRigNode, holderCount = 1) =>
      waitUntil("a member to know who has the closure", async () => {
        const { holders } = await reader.daemon.why(rootHash);
        return holders.filter(({ hasIt }) => hasIt).length >= holderCount;
      }),
    /** Waits until bytes of the closure's root have come to a node, and not all of them. */
    begun: ({ daemon }: MeshRigNode) =>
      waitUntil("bytes to come", async () => ((await daemon.why(rootHash)).nar?.doneBytes ?? 0) > 0),
    /** Verifies the files of a node against the signed hashes. */
    verify: ({ settings }: MeshRigNode) =>
      runCommand(["nix-store", "--store", settings.store.rootDir, "--verify-path", ...closure.paths]),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** Where a machine keeps its things, and how others find it. */
export interface Place {
  readonly dir: string;
  readonly stateDir: string;
  readonly peerId: string;
  readonly port: number;
}

export async function newPlace(directory: TemporaryDirectory, index: number): Promise<Place> {
  const dir = directory.join(`node-${index}`);
  const stateDir = `${dir}/state`;
  const key = await loadPrivateKey(stateDir, never);
  return { dir, stateDir, peerId: peerIdFromPrivateKey(key).toString(), port: await freePort() };
}

type Shared = Pick<ConstructorParameters<typeof MeshDaemon>[0], "members" | "upstreams" | "trustedPublicKey" | "flags">;

/** A machine: a store that its own Nix fills, with the daemon as its only binary cache. */
export class MeshRigNode implements AsyncDisposable {
  readonly daemon: MeshDaemon;
  readonly settings: NixSettings;
  readonly #resources: AsyncDisposable;
  readonly #pathCount: (root: StorePath) => number;

  private constructor(
    daemon: MeshDaemon,
    settings: NixSettings,
    parts: { resources: AsyncDisposable; pathCount: (root: StorePath) => number },
  ) {
    this.daemon = daemon;
    this.settings = settings;
    this.#resources = parts.resources;
    this.#pathCount = parts.pathCount;
  }

  static async start(place: Place, shared: Shared): Promise<MeshRigNode> {
    await using stack = new AsyncDisposableStack();
    const store = { rootDir: `${place.dir}/store` };
    const settings: NixSettings = {
      store,
      substituters: [],
      trustedKeys: [parseTrustedKey(shared.trustedPublicKey)],
      netrcFile: undefined,
      cacheDir: `${place.dir}/nix-cache`,
      maxJobs: 4,
      connectTimeoutSeconds: 30,
      stalledDownloadTimeoutSeconds: 60,
      realiseTimeoutMs: REALISE_TIMEOUT_MS,
    };
    await initialiseStore(new NixRunner(settings), never);
    // As the node plugin does, which keeps the database's files in place for readers.
    const database = openStoreDatabase(store);
    stack.defer(() => database.close());
    const { stateDir, port: listenPort } = place;
    const daemon = stack.use(new MeshDaemon({ ...shared, stateDir, listenPort, storeRootDir: store.rootDir }));
    await daemon.start();
    const pathCount = (root: StorePath): number => database.closureSize([root]).pathCount;
    return new MeshRigNode(daemon, settings, { resources: stack.move(), pathCount });
  }

  /** Fetches a closure into the store through the daemon alone. */
  async realise(root: StorePath): Promise<void> {
    const nix = new NixRunner({ ...this.settings, substituters: [this.daemon.substituterUrl] });
    await this.#realise(root, { nix });
  }

  /** Fetches a closure into the store as the node plugin does: with the daemon as long as it is well, or else without. */
  async startPod(root: StorePath, substituters: readonly string[]): Promise<void> {
    const nix = new NixRunner({ ...this.settings, substituters });
    await this.#realise(root, { nix, neighbours: new HttpNeighbours({ url: this.daemon.substituterUrl }) });
  }

  async #realise(root: StorePath, parts: { readonly nix: NixRunner; readonly neighbours?: HttpNeighbours }) {
    const database = openStoreDatabase(this.settings.store);
    const realiser = createRealiser({ ...parts, database });
    try {
      await realiser.realise([root], { signal: AbortSignal.timeout(REALISE_TIMEOUT_MS) });
    } finally {
      await realiser.stop();
      database.close();
    }
  }

  /** Paths of a closure that the store has. */
  pathCount(root: StorePath): number {
    return this.#pathCount(root);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources[Symbol.asyncDispose]();
  }
}
