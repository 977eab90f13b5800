import { once } from "node:events";
import { diskSpace } from "@niphas/nix";
import {
  createLogger,
  type EventLoopLag,
  errorFields,
  Readiness,
  StateLock,
  SystemClock,
  Teardown,
} from "@niphas/service";
import { Hono } from "hono";
import { MESH_VERSION } from "./constants.ts";
import { LiveOwners, MeshCoordinator, WantTable } from "./coordination/index.ts";
import { dispatch } from "./daemon/dispatch.ts";
import { KnownPaths } from "./daemon/known-paths.ts";
import { LateMembership } from "./daemon/late-membership.ts";
import { endOnCrash } from "./daemon/log-crashes.ts";
import { MemberTable } from "./daemon/member-table.ts";
import { collectorRuns, waitForStore } from "./daemon/open-store.ts";
import { readinessChecks } from "./daemon/readiness-checks.ts";
import type { Runtime } from "./daemon/runtime.ts";
import { startHealth, startLag } from "./daemon/start-health.ts";
import { type MeshStateDirectory, openMeshStateDirectory } from "./daemon/state-directory.ts";
import { StoreRegistrations } from "./daemon/store-registrations.ts";
import { SubstituterGate } from "./daemon/substituter-gate.ts";
import { logTransfer } from "./daemon/transfer-log.ts";
import { trustBy } from "./daemon/trust.ts";
import { ClusterDiscovery, MembershipViews, StoreOwnPaths } from "./discovery/index.ts";
import { fairClock } from "./fair-time/fair-clock.ts";
import { createMembership } from "./membership/index.ts";
import { formatHostPort } from "./membership/peer-address.ts";
import { MeshMetrics } from "./metrics/mesh-metrics.ts";
import {
  discoveryHandlers,
  loadPrivateKey,
  MeshNode,
  NAR_PROTOCOL,
  NarClient,
  NarServer,
  RPC_PROTOCOL,
  RpcDiscoveryChannel,
  RpcPeerQueries,
  RpcPeers,
  RpcServer,
  RpcWantChannel,
  type TrustGroup,
  wantHandler,
} from "./network/index.ts";
import { NAR_LIMITS } from "./network/limits.ts";
import { type MeshOptions, readGroupSecret } from "./options.ts";
import { aheadBytesFor, createInfos, createPlanApp, PlannedNarInfos, Plans } from "./plan/index.ts";
import type { PeerId } from "./ports.ts";
import { LocalNars } from "./serving/local-nars.ts";
import { StoreAnswers } from "./serving/store-answers.ts";
import { WatchedUploads } from "./serving/watched-uploads.ts";
import { MemberReports } from "./status/member-reports.ts";
import { PathNotes } from "./status/path-notes.ts";
import { createStatusApp } from "./status/routes.ts";
import { statusReport } from "./status/status-report.ts";
import { Why } from "./status/why.ts";
import { createLocalStore } from "./store/local-store.ts";
import { createSubstituterApp } from "./substituter/app.ts";
import { SubstituterListener } from "./substituter/listener.ts";
import type { SubstituterEvent } from "./substituter/ports.ts";
import { RecalledNarInfos } from "./substituter/recalled-nar-infos.ts";
import { UpstreamSources } from "./substituter/upstream-sources.ts";
import {
  NixSource,
  PeerSource,
  PeerTraffic,
  RecentTakers,
  Spools,
  type TransferEvent,
  Transfers,
  UploadSlots,
} from "./transfer/index.ts";
import { createUpstreams } from "./upstream/create-upstreams.ts";
import { UpstreamSet } from "./upstream/upstream-set.ts";

/** Groups are told apart by their secrets. */
const GROUP_NAME = "niphas";

/**
 * Runs the mesh daemon until the signal aborts, then shuts down and resolves.
 * @throws NiphasError StateInUse, InvalidConfiguration and others when it cannot start; what was started is stopped again
 */
export async function runMeshDaemon(options: MeshOptions, signal: AbortSignal): Promise<void> {
  const logger = createLogger(options.logLevel);
  using _crashes = endOnCrash(logger);
  const teardown = new Teardown((error) => logger.error(errorFields(error), "shutdown step failed"));
  try {
    await startDaemon(options, { logger, teardown, signal, clock: new SystemClock() });
    if (!signal.aborted) await once(signal, "abort");
    logger.info("shutting down");
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    await teardown.run();
  }
  logger.info("ended");
}

/** The composition root: every concrete class is named here and nowhere else. */
async function startDaemon(options: MeshOptions, runtime: Runtime): Promise<void> {
  const { teardown, logger, signal } = runtime;
  const trustGroup = trustGroupOf(options);
  const state = openMeshStateDirectory(options.stateDir);
  const lock = StateLock.acquire(state.dir, "niphas mesh");
  teardown.defer(() => lock.release());
  const membership = new LateMembership();
  const members = new MemberTable({ membership });
  teardown.defer(() => members[Symbol.dispose]());
  const metrics = new MeshMetrics({ isNear: (peer) => members.isNear(peer) });
  const lag = startLag(runtime);
  const readiness = new Readiness();
  let database: Store["database"] | undefined;
  for (const check of readinessChecks({ lock, membership, signal, store: () => database })) readiness.add(check);
  const health = await startHealth(options, runtime, { lag, metrics, readiness });
  const gate = new SubstituterGate();
  const substituter = await startSubstituter(options, runtime, gate);

  const store = await openStore(options, runtime);
  database = store.database;
  const base = { state, trustGroup, membership, members, metrics };
  const network = await createNetwork(options, runtime, { ...base, ...store });
  const transfers = await openTransfers(options, runtime, { ...base, ...store, ...network });
  const all = { ...base, ...store, ...network, ...transfers };
  await serveMembers(all, runtime);
  const { fetch, recall, plans } = openApps(options, all);
  watch(metrics, { ...all, plans, lag });
  await network.node.start();
  await join(options, runtime, { ...base, ...network });
  gate.open(fetch, recall);
  // Before anything else goes: what is on its way to Nix needs all of it.
  teardown.defer(() => gate.close(options.shutdownGraceMs));
  const listen = addressOf(options, network.node);
  logger.info({ ...describe(options), peerId: network.node.peerId, listen, substituter, health }, "serving");
}

type Store = Awaited<ReturnType<typeof openStore>>;
type Network = Awaited<ReturnType<typeof createNetwork>>;
type TransferParts = Awaited<ReturnType<typeof openTransfers>>;

interface Base {
  readonly state: MeshStateDirectory;
  readonly trustGroup: TrustGroup;
  readonly membership: LateMembership;
  readonly members: MemberTable;
  readonly metrics: MeshMetrics;
}

/** Nix finds somebody here from now on: 404 until everything else stands. */
async function startSubstituter(options: MeshOptions, { teardown }: Runtime, gate: SubstituterGate): Promise<string> {
  const recall = (url: string): string | undefined => gate.recall(url);
  const listener = new SubstituterListener({ app: gate.app, recall }, { address: options.substituter });
  teardown.defer(() => listener[Symbol.asyncDispose]());
  return formatHostPort(await listener.start());
}

/** This node's store, which the node plugin may still have to make. */
async function openStore(options: MeshOptions, runtime: Runtime) {
  const { teardown, clock, signal } = runtime;
  const location = { rootDir: options.storeRootDir };
  const database = await waitForStore(location, runtime);
  teardown.defer(() => database.close());
  const store = createLocalStore({ database }, { store: location });
  teardown.defer(async () => store[Symbol.asyncDispose]());
  const parts = { database, clock, random: Math.random, collectorRuns: collectorRuns(location) };
  const paths = await StoreOwnPaths.open(parts, signal);
  teardown.defer(() => paths[Symbol.dispose]());
  return { database, store, paths };
}

/** The node does not listen yet. */
async function createNetwork(options: MeshOptions, runtime: Runtime, parts: Base & Store) {
  const { teardown, clock, signal } = runtime;
  const { membership, trustGroup, paths, state } = parts;
  teardown.defer(async () => membership[Symbol.asyncDispose]());
  const privateKey = await loadPrivateKey(state.dir, signal);
  const { listen } = options;
  let keepers: ClusterDiscovery | undefined;
  // Who is told of our paths now and then, and who is near, is needed again sooner than others.
  const importance = (peer: PeerId): number =>
    (keepers?.isKeeper(peer) === true ? 1 : 0) + (parts.members.isNear(peer) ? 1 : 0);
  const identity = { privateKey, introductions: membership, trustGroup };
  const node = await MeshNode.create({ ...identity, listen, membership, connections: { importance } });
  teardown.defer(() => node.stop());
  const peers = new RpcPeers(node);
  teardown.defer(() => peers[Symbol.dispose]());
  const self = node.peerId;
  const views = new MembershipViews({ membership }, { self });
  teardown.defer(() => views[Symbol.dispose]());
  const channel = new RpcDiscoveryChannel(peers);
  const discovery = new ClusterDiscovery(
    { channel, paths, clock, random: Math.random, views, reachability: node },
    { self },
  );
  keepers = discovery;
  teardown.defer(() => discovery[Symbol.asyncDispose]());
  return { node, peers, discovery, queries: new RpcPeerQueries(peers) };
}

/** What finds narinfos out and gets NARs, from members and binary caches. */
async function openTransfers(options: MeshOptions, runtime: Runtime, parts: Base & Store & Network) {
  const { teardown, logger } = runtime;
  const clock = fairClock();
  const { membership, members, metrics, node, peers, discovery, store, database, state } = parts;
  const notes = new PathNotes();
  const observe = (event: TransferEvent): void => {
    metrics.transferred(event);
    notes.transferred(event);
    logTransfer(logger, event);
  };
  const spools = new Spools({ diskSpace }, { directory: state.spoolDir, diskBytes: options.spoolBytes });
  await spools.start();
  const { isTrusted, proven } = trustBy(options.trustedKeys);
  const { upstreams: urls, netrcFile } = options;
  const upstreams = new UpstreamSet({ upstreams: createUpstreams({ urls, netrcFile }), isTrusted });
  teardown.defer(() => upstreams[Symbol.asyncDispose]());
  const nars = new NarClient(node);
  teardown.defer(() => nars[Symbol.dispose]());
  const isReachable = (peer: PeerId): boolean => members.has(peer) && !node.isLost(peer);
  const isNear = (peer: PeerId): boolean => members.isNear(peer);
  const choice = { holders: discovery, clock, plainClock: runtime.clock, isReachable, isNear, random: Math.random };
  const traffic = new PeerTraffic({ ...choice, nars, observe });
  members.onLeft((peer) => traffic.forget(peer));
  const wants = new WantTable({ clock, reachability: node });
  teardown.defer(() => wants[Symbol.dispose]());
  const owning = { self: node.peerId, membership, reachability: node };
  const channel = new RpcWantChannel(peers);
  const coordinator = new MeshCoordinator({ ...owning, channel, table: wants, clock });
  teardown.defer(() => coordinator[Symbol.dispose]());
  const owners = new LiveOwners(owning);
  teardown.defer(() => owners[Symbol.dispose]());
  const knownPaths = new KnownPaths({ database });
  const known = (maxCount: number) => knownPaths.list(maxCount);
  const infos = createInfos({ ...parts, upstreams, isTrusted, proven, owners, known, clock }, { self: node.peerId });
  teardown.defer(() => infos.finder[Symbol.dispose]());
  const transfers = new Transfers({ ...infos, traffic, upstream: upstreams, coordinator, spools, store });
  teardown.defer(() => transfers[Symbol.asyncDispose]());
  const slots = new UploadSlots({ count: options.uploadSlots });
  const moving = { spools, upstreams, traffic, wants, coordinator, transfers, slots };
  return { notes, observe, isTrusted, owners, clock, ...infos, ...moving };
}

/** What members may ask of this node. */
async function serveMembers(parts: Store & Network & TransferParts, { clock }: Runtime): Promise<void> {
  const { node, discovery, wants, paths } = parts;
  const source = new PeerSource({ ...parts, clock, takers: new RecentTakers() });
  const watched = new WatchedUploads({ source, onGone: () => paths.suspect() });
  // The slots are the source's, which holds one only while there are bytes to send.
  const narServer = new NarServer({ source: watched }, { uploadSlots: NAR_LIMITS.maxInboundStreams });
  const answers = new StoreAnswers(parts).handlers();
  const handlers = new Map([...answers, ...discoveryHandlers(discovery), wantHandler(wants)]);
  const rpcServer = new RpcServer(handlers, { onRequest: (peer) => node.noteUse(peer) });
  const questions = { maxInboundStreams: 1, isLongLived: true };
  await node.handle(RPC_PROTOCOL, (...stream) => rpcServer.serve(...stream), questions);
  const limits = { maxInboundStreams: NAR_LIMITS.maxStreamsPerPeer };
  await node.handle(NAR_PROTOCOL, (...stream) => narServer.serve(...stream), limits);
}

/** What this machine may ask: Nix for paths, the node plugin for plans, people for the reasons. */
function openApps(options: MeshOptions, parts: Base & Store & Network & TransferParts) {
  const { store, database, metrics, membership, node, transfers, upstreams, traffic, isTrusted, finder, clock } = parts;
  const observe = (event: SubstituterEvent): void => metrics.requestEnded(event);
  const recalled = new RecalledNarInfos({ recall: (path) => finder.recall(path), observe });
  const plans = new Plans(
    {
      finder,
      store,
      registrations: new StoreRegistrations({ database }),
      downloads: transfers,
      clock,
      isNixAsking: () => recalled.isAsked,
      onReady: (plan) => metrics.planReady(plan),
    },
    { maxAheadBytes: aheadBytesFor(options.spoolBytes) },
  );
  const others = new NixSource({ transfers, upstream: upstreams });
  const substituter = createSubstituterApp({
    narInfos: new PlannedNarInfos({ finder, plans, store, isTrusted }),
    nars: new LocalNars({ store, others, onBytes: (sizeBytes) => metrics.servedLocally(sizeBytes) }),
    sideFiles: new UpstreamSources({ upstreams }, { rootDir: options.storeRootDir }),
    observe,
  });
  const members = new MemberReports({ membership, network: node, quarantine: traffic.quarantine });
  const why = new Why({ ...parts, members });
  const status = () =>
    statusReport({ ...parts, members, plans, peerId: node.peerId, listen: addressOf(options, node) });
  const control = new Hono().route("/", createPlanApp({ plans })).route("/", createStatusApp({ status, why }));
  return { plans, fetch: dispatch(control, substituter), recall: (url: string) => recalled.answer(url) };
}

/** Begins to look for members, and to let them in. */
async function join(options: MeshOptions, { logger }: Runtime, { membership, node, trustGroup }: Base & Network) {
  const { cluster, listen } = options;
  const found = await createMembership(
    options.members,
    { identifier: node, log: logger },
    {
      self: node.peerId,
      port: node.port ?? listen.port,
      hasGroupSecret: trustGroup.secret !== undefined,
      cluster: cluster === undefined ? undefined : { ...cluster, version: MESH_VERSION },
    },
  );
  membership.attach(found);
  found.start();
}

function watch(
  metrics: MeshMetrics,
  parts: Base & Store & Network & TransferParts & { readonly plans: Plans; readonly lag: EventLoopLag },
): void {
  const { membership, node, traffic, transfers, plans, coordinator, wants, slots, spools, paths, lag } = parts;
  metrics.watch({
    members: () => membership.members().length,
    connectedPeers: () => membership.members().filter(({ peerId }) => node.isConnected(peerId)).length,
    quarantinedPeers: () => traffic.quarantine.entries.length,
    nars: () => transfers.count,
    queuedNars: () => transfers.queuedCount,
    plans: () => plans.count,
    wantedPaths: () => coordinator.wantCount,
    coordinatedPaths: () => wants.size.paths,
    freeUploadSlots: () => slots.free,
    spoolBytes: () => spools.usedBytes,
    paths: () => paths.count,
    eventLoopLagSeconds: () => lag.p99Seconds(),
  });
}

function trustGroupOf({ groupSecretFile }: MeshOptions): TrustGroup {
  return { name: GROUP_NAME, secret: groupSecretFile === undefined ? undefined : readGroupSecret(groupSecretFile) };
}

/** With the port that was taken. */
function addressOf({ listen }: MeshOptions, node: MeshNode): string {
  return formatHostPort({ host: listen.host, port: node.port ?? listen.port });
}

/** The effective configuration for the log, without what may hold credentials. */
function describe({ storeRootDir, stateDir, members, trustedKeys }: MeshOptions): object {
  return { storeRootDir, stateDir, members: members.kind, trustedKeys: trustedKeys.map(({ name }) => name) };
}
