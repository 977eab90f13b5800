import { readFileSync, writeFileSync } from "node:fs";
import type { StorePath } from "@niphas/core";
import {
  BinaryCacheServer,
  type ClosureOptions,
  freePort,
  runCommand,
  type TemporaryDirectory,
  type TestClosure,
  TestStore,
  temporaryDirectory,
  waitUntil,
} from "@niphas/testing";
import { expect } from "vitest";
import { MeshRigNode, newPlace, type Place } from "../mesh-daemon/mesh-rig.ts";
import { EvilChild } from "./evil/evil-child.ts";
import type { EvilPeerPlan } from "./evil/evil-plan.ts";

type Shape = Partial<ClosureOptions>;

/** What a member does, and the shape of the closure that it says it has; the closure has the member's name. */
export type PeerShape = Omit<EvilPeerPlan, "name" | "stateDir" | "port" | "root"> & {
  /** Another one's closure instead of an own one. */
  readonly closureOf?: string;
  readonly shape?: Shape;
  /** It knows the daemons, and they do not know it. @default false */
  readonly isStranger?: boolean;
};

export interface FaultRigInit {
  /** Daemons. @default 1 */
  readonly nodeCount?: number;
  readonly peers?: Readonly<Record<string, PeerShape>>;
  /** Closures that nobody has but upstream. */
  readonly closures?: Readonly<Record<string, Shape>>;
  readonly flagsOf?: (index: number) => Readonly<Record<string, string>>;
  /** The daemons' for upstream, `user:password`. @default none */
  readonly login?: string;
  /** Before the daemon's state directory is made. */
  readonly beforeState?: (stateDir: string) => void;
}

const SMALL: Shape = { pathCount: 2, fileCount: 6 };
/** Told of by those who tell of something else than they were asked for. */
const OTHER = "other";
/** Nothing takes so long: it ends a test that has failed. */
const KNOWN_TIMEOUT_MS = 200_000;
/** A daemon at rest has about 100; what it may hold for NARs is about as much, and the rest is room for garbage. */
const MAX_RESIDENT_MIB = 512;

/** Daemons with stores of their own, members that misbehave in one process, and a binary cache that has all closures. */
export async function faultRig(init: FaultRigInit) {
  await using stack = new AsyncDisposableStack();
  const directory = stack.use(temporaryDirectory("mesh-faults"));
  const peers = Object.entries(init.peers ?? {});
  const { source, closures } = await addClosures(directory.join("source"), init);
  const cacheDir = directory.join("cache");
  await source.copyToCache(cacheDir, rootsOf(closures));
  const upstream = stack.use(await BinaryCacheServer.start(cacheDir));
  const nodeCount = init.nodeCount ?? 1;
  for (let index = 0; index < nodeCount; index++) init.beforeState?.(directory.join(`node-${index}`, "state"));
  const places = await newPlaces(directory, nodeCount + peers.length);
  const own = places.slice(0, nodeCount);
  const known = places.filter((_, index) => peers[index - nodeCount]?.[1].isStranger !== true);
  const shared = { members: membersOf(known), upstreams: [upstream.url], trustedPublicKey: source.publicKey };
  const login = loginFlags(directory.join("netrc"), init.login);
  const nodes: MeshRigNode[] = [];
  for (const [index, place] of own.entries()) {
    nodes.push(stack.use(await MeshRigNode.start(place, { ...shared, flags: { ...login, ...init.flagsOf?.(index) } })));
  }
  const plans = peers.map(([name, shape], index) =>
    planOf(name, shape, { closures, place: places[nodeCount + index] }),
  );
  const otherRoot = closureIn(closures, OTHER).root;
  const plan = { storeDir: source.location.rootDir, otherRoot, members: membersOf(own), peers: plans };
  const evil = stack.use(await EvilChild.start(plan, directory.join("evil.json")));
  return new FaultRig({ source, cacheDir, upstream, evil, nodes, closures, places, plans }, stack.move());
}

/** Ports that are chosen at random, and taken later, are the same now and then. */
async function newPlaces(directory: TemporaryDirectory, count: number): Promise<readonly Place[]> {
  const found = await Promise.all(Array.from({ length: count }, (_, index) => newPlace(directory, index)));
  const taken = new Set<number>();
  const places: Place[] = [];
  for (const place of found) {
    let { port } = place;
    while (taken.has(port)) port = await freePort();
    taken.add(port);
    places.push({ ...place, port });
  }
  return places;
}

interface Parts {
  readonly source: TestStore;
  readonly cacheDir: string;
  readonly upstream: BinaryCacheServer;
  readonly evil: EvilChild;
  readonly nodes: readonly MeshRigNode[];
  readonly closures: ReadonlyMap<string, TestClosure>;
  readonly places: readonly Place[];
  readonly plans: readonly EvilPeerPlan[];
}

export class FaultRig implements AsyncDisposable {
  readonly source: TestStore;
  readonly cacheDir: string;
  readonly upstream: BinaryCacheServer;
  readonly upstreamUrl: string;
  readonly evil: EvilChild;
  readonly nodes: readonly MeshRigNode[];
  readonly #parts: Parts;
  readonly #resources: AsyncDisposable;

  constructor(parts: Parts, resources: AsyncDisposable) {
    this.#parts = parts;
    this.#resources = resources;
    this.source = parts.source;
    this.cacheDir = parts.cacheDir;
    this.upstream = parts.upstream;
    this.upstreamUrl = parts.upstream.url;
    this.evil = parts.evil;
    this.nodes = parts.nodes;
  }

  node(index = 0): MeshRigNode {
    const node = this.nodes[index];
    if (node === undefined) throw new RangeError(`there is no node ${index}`);
    return node;
  }

  closure(name: string): TestClosure {
    return closureIn(this.#parts.closures, name);
  }

  peerId(name: string): string | undefined {
    const { plans, places } = this.#parts;
    const port = plans.find((plan) => plan.name === name)?.port;
    return places.find((place) => place.port === port)?.peerId;
  }

  /** Waits until a node knows of members that say they have the closure. */
  async known(name: string, { holders = 1, reader = this.node() } = {}): Promise<void> {
    const hash = hashOf(this.closure(name).root);
    const isKnown = async (): Promise<boolean> => {
      const why = await reader.daemon.why(hash);
      return why.holders.filter(({ hasIt }) => hasIt).length >= holders;
    };
    await waitUntil(`${holders} members to be known to have ${name}`, isKnown, { timeoutMs: KNOWN_TIMEOUT_MS });
  }

  /** Fetches as the node plugin does, with upstream behind the daemon. */
  async startPod(name: string, node = this.node()): Promise<void> {
    await node.startPod(this.closure(name).root, [this.upstreamUrl]);
  }

  /** The whole closure is there, and each file is the signed one. */
  async expectWhole(name: string, node = this.node()): Promise<void> {
    const { root, paths } = this.closure(name);
    expect(node.pathCount(root)).toBe(paths.length);
    await runCommand(["nix-store", "--store", node.settings.store.rootDir, "--verify-path", ...paths]);
  }

  /** All signatures in the store are good, and nothing else is said of who made the paths, or of what. */
  async expectSigned(name: string, node = this.node()): Promise<void> {
    const nix = ["nix", "--extra-experimental-features", "nix-command", "--store", node.settings.store.rootDir];
    const { stdout } = await runCommand([...nix, "path-info", "--json", ...this.closure(name).paths]);
    const told: unknown = JSON.parse(stdout);
    const infos: readonly object[] = Object.values(told ?? {});
    expect(infos).toHaveLength(this.closure(name).paths.length);
    for (const info of infos) {
      expect("signatures" in info && info.signatures).toEqual([expect.stringMatching(/^niphas-test-1:.{88}$/)]);
      expect([undefined, null]).toContain("deriver" in info ? info.deriver : undefined);
      expect([undefined, null]).toContain("ca" in info ? info.ca : undefined);
    }
  }

  /** Nothing of the closure's root counts as being there. */
  expectAbsent(name: string, node = this.node()): void {
    expect(() => node.pathCount(this.closure(name).root)).toThrow("is not in this node's store");
  }

  /** Upstream answers as if it had never heard of these closures. */
  onlyPeersHave(...names: readonly string[]): void {
    const hashes = names.flatMap((name) => this.closure(name).paths.map(hashOf));
    this.upstream.setFaults({ path: new RegExp(`^/(${hashes.join("|")})\\.narinfo$`), status: 404 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources[Symbol.asyncDispose]();
  }
}

export function hashOf(path: StorePath): string {
  return path.slice(11, 43);
}

/** The most memory that a daemon has ever had. */
export function expectSmall({ daemon }: MeshRigNode): void {
  const status = readFileSync(`/proc/${daemon.pid}/status`, "utf8");
  expect(Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1]) / 1024).toBeLessThan(MAX_RESIDENT_MIB);
}

async function addClosures(storeDir: string, init: FaultRigInit) {
  const source = await TestStore.create(storeDir);
  const ofPeers = Object.entries(init.peers ?? {}).filter(([, { closureOf }]) => closureOf === undefined);
  const shapes = [
    ...ofPeers.map(([name, { shape }]) => [name, shape] as const),
    ...Object.entries(init.closures ?? {}),
    [OTHER, SMALL] as const,
  ];
  const closures = new Map<string, TestClosure>();
  for (const [name, shape] of shapes) {
    const { pathCount = 2, fileCount = 6, ...rest } = shape ?? SMALL;
    closures.set(name, await source.addClosure({ ...rest, name, pathCount, fileCount }));
  }
  return { source, closures };
}

function rootsOf(closures: ReadonlyMap<string, TestClosure>): readonly StorePath[] {
  return [...closures.values()].map(({ root }) => root);
}

function closureIn(closures: ReadonlyMap<string, TestClosure>, name: string): TestClosure {
  const found = closures.get(name);
  if (found === undefined) throw new RangeError(`there is no closure ${name}`);
  return found;
}

function planOf(
  name: string,
  { shape: _shape, isStranger: _isStranger, closureOf, ...conduct }: PeerShape,
  { closures, place }: { readonly closures: ReadonlyMap<string, TestClosure>; readonly place: Place | undefined },
): EvilPeerPlan {
  if (place === undefined) throw new RangeError("each peer has a place");
  const { root } = closureIn(closures, closureOf ?? name);
  return { name, stateDir: place.stateDir, port: place.port, root, ...conduct };
}

function loginFlags(netrcFile: string, login: string | undefined): Readonly<Record<string, string>> {
  if (login === undefined) return {};
  const [user, password] = login.split(":");
  writeFileSync(netrcFile, `machine 127.0.0.1 login ${user} password ${password}\n`, { mode: 0o600 });
  return { "netrc-file": netrcFile };
}

function membersOf(places: readonly Place[]): string {
  return `static:${places.map(({ peerId, port }) => `${peerId}@127.0.0.1:${port}`).join(",")}`;
}
