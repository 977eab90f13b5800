import { readFileSync, realpathSync } from "node:fs";
import { release } from "node:os";
import { NiphasError, systemOf } from "@niphas/core";
import {
  type BootTrust,
  createBootTrust,
  createCollectorNotifier,
  createGarbageCollector,
  createGcRoots,
  createRealiser,
  createTrustChecker,
  HttpNeighbours,
  initialiseStore,
  type MeshLoss,
  NixRunner,
  openStoreDatabase,
  storeLayout,
} from "@niphas/nix";
import {
  createLogger,
  EventLoopLag,
  errorFields,
  healthApp,
  latenessOf,
  Readiness,
  StateLock,
  SystemClock,
  serveHealth,
  Teardown,
} from "@niphas/service";
import {
  assertKernelNewEnough,
  ComposefsStrategy,
  DirectoryViewCache,
  isSharedMount,
  LinuxMounter,
  TreeStrategy,
} from "@niphas/views";
import type { Logger } from "pino";
import { BackgroundWork } from "./background/background-work.ts";
import { GarbageTask } from "./gc/garbage-task.ts";
import { readinessChecks } from "./health/readiness-checks.ts";
import { RepeatingTask } from "./lifecycle/repeating-task.ts";
import { openStateDirectory, type StateDirectory } from "./lifecycle/state-directory.ts";
import { PluginMetrics } from "./metrics/plugin-metrics.ts";
import type { CsiPluginOptions } from "./options.ts";
import { FilePolicy } from "./policy/file-policy.ts";
import { DefaultPolicy } from "./policy/policy.ts";
import type { PublishComponents } from "./publish/components.ts";
import { PublishVolume } from "./publish/publish-volume.ts";
import { TargetDirectories } from "./publish/target-directories.ts";
import { UnpublishVolume } from "./publish/unpublish-volume.ts";
import { PluginServers } from "./server/plugin-servers.ts";
import { RpcRunner } from "./server/rpc.ts";
import { checkAfterBoot } from "./volumes/boot-check.ts";
import { Janitor } from "./volumes/janitor.ts";
import { KeyedLock } from "./volumes/keyed-lock.ts";
import { OrphanMounts } from "./volumes/orphan-mounts.ts";
import { RecordStore } from "./volumes/record-store.ts";
import { RunningPublishes } from "./volumes/running-publishes.ts";
import { VolumeRemover } from "./volumes/volume-remover.ts";

const MAX_SUBSTITUTION_JOBS = 16;
const CONNECT_TIMEOUT_SECONDS = 5;
const STALLED_DOWNLOAD_TIMEOUT_SECONDS = 10;
const REALISE_TIMEOUT_MS = 60 * 60_000;
const WORK_LINGER_MS = 10 * 60_000;
const BOOT_CHECK_RETRY_MS = 60_000;

/**
 * Runs the node plugin until the signal aborts, then shuts down and resolves.
 * @throws NiphasError StateInUse, InvalidConfiguration, StoreUnavailable and others when it cannot start; what was
 * started is stopped again
 */
export async function runCsiPlugin(options: CsiPluginOptions, signal: AbortSignal): Promise<void> {
  const logger = createLogger(options.logLevel);
  const teardown = new Teardown((error) => logger.error(errorFields(error), "shutdown step failed"));
  try {
    await startPlugin(options, { logger, teardown, signal });
    await untilAborted(signal);
    logger.info("shutting down");
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    await teardown.run();
  }
  logger.info("ended");
}

interface Runtime {
  readonly logger: Logger;
  readonly teardown: Teardown;
  readonly signal: AbortSignal;
}

/** The composition root: every concrete class is named here and nowhere else. */
async function startPlugin(options: CsiPluginOptions, runtime: Runtime): Promise<void> {
  const { logger, teardown, signal } = runtime;
  assertKernelNewEnough(release());
  warnUnlessShared(options.kubeletDir, logger);
  const clock = new SystemClock();
  const state = openStateDirectory(options.stateDir);
  const lock = StateLock.acquire(state.dir, "niphas csi");
  teardown.defer(() => lock.release());

  let collectSoon = (): void => undefined;
  const metrics = new PluginMetrics({ onDiskExhausted: () => collectSoon() });
  const nix = await openNix(options, state, { runtime, metrics });
  const { views, mounter } = await openViews(options, state, { runtime, database: nix.database });
  const work = new BackgroundWork({ clock }, { lingerMs: WORK_LINGER_MS });
  teardown.defer(async () => work.stop());
  const targets = new TargetDirectories({
    kubeletDir: options.kubeletDir,
    realKubeletDir: realKubeletDir(options.kubeletDir),
  });
  const records = new RecordStore(nix, { quarantineDir: state.quarantineDir });
  const remover = new VolumeRemover({ mounter, targets, records, gcRoots: nix.gcRoots });
  const volumes: PublishComponents = {
    ...nix,
    clock,
    logger,
    views,
    mounter,
    policy: options.policyFile === undefined ? new DefaultPolicy() : new FilePolicy({ file: options.policyFile }),
    targets,
    records,
    remover,
    work,
    locks: new KeyedLock(),
    running: new RunningPublishes(),
    observer: metrics,
  };

  const orphans = new OrphanMounts(volumes, { viewsDir: state.viewsDir });
  const janitor = new Janitor({ ...volumes, orphans });
  await janitor.sweep(signal);
  const sweeps = repeat(
    "janitor",
    runtime,
    options.janitorIntervalMs,
    async (each) => void (await janitor.sweep(each)),
  );
  sweeps.start();

  const garbage = new GarbageTask({ ...volumes, collector: nix.collector, observer: metrics });
  const collections = repeat("gc", runtime, options.gcIntervalMs, async (each) => garbage.run(each));
  collections.start();
  collectSoon = () => collections.trigger();

  const readiness = new Readiness();
  for (const check of readinessChecks({ lock, database: nix.database, views, signal })) readiness.add(check);
  const health = await startHealth(options, runtime, { metrics, readiness, volumes, boot: nix.boot });
  watchBoot(runtime, { ...volumes, boot: nix.boot });

  const init = { kubeletDir: options.kubeletDir, system: systemOf(process.arch), maxWaitMs: options.publishWaitMs };
  const publish = new PublishVolume(volumes, init);
  const unpublish = new UnpublishVolume(volumes, init);
  const rpc = new RpcRunner({ clock, logger, observer: metrics });
  const servers = new PluginServers({ clock, logger, rpc, readiness, publish, unpublish }, options);
  teardown.defer(async () => servers.stop());
  await servers.start();
  logger.info({ ...describe(options), health, views: describeProbes(views) }, "serving");
}

/** Nix on the plugin's own chroot store. */
async function openNix(
  options: CsiPluginOptions,
  state: StateDirectory,
  { runtime, metrics }: { readonly runtime: Runtime; readonly metrics: PluginMetrics },
) {
  const { logger, teardown, signal } = runtime;
  const store = { rootDir: state.storeRootDir };
  const { trustedKeys } = options;
  const nix = new NixRunner({
    store,
    substituters: options.substituters,
    trustedKeys,
    netrcFile: options.netrcFile,
    cacheDir: state.cacheDir,
    maxJobs: MAX_SUBSTITUTION_JOBS,
    connectTimeoutSeconds: CONNECT_TIMEOUT_SECONDS,
    stalledDownloadTimeoutSeconds: STALLED_DOWNLOAD_TIMEOUT_SECONDS,
    realiseTimeoutMs: REALISE_TIMEOUT_MS,
  });
  await initialiseStore(nix, signal);
  const database = openStoreDatabase(store);
  teardown.defer(() => database.close());
  const neighbours = options.mesh === undefined ? undefined : new HttpNeighbours({ url: options.mesh });
  const onNeighboursLost = (reason: NiphasError, loss: MeshLoss): void => {
    metrics.fetchedWithoutMesh(loss);
    logger.warn({ ...errorFields(reason), loss }, "a closure is fetched without the mesh");
  };
  const realiser = createRealiser({ nix, database, neighbours }, { onNeighboursLost });
  teardown.defer(async () => realiser.stop());
  const onSyncError = (error: unknown): void =>
    logger.warn(errorFields(error), "the store could not be synced to disk");
  const boot = createBootTrust({ nix, database }, { recordFile: state.bootRecordFile, onSyncError });
  teardown.defer(async () => boot.stop());
  const targets = { freeBytes: options.gcFreeBytes, freeInodes: options.gcFreeInodes };
  const collector = createGarbageCollector({ nix }, { targets });
  collector.start();
  return {
    database,
    realiser,
    boot,
    collector,
    gcRoots: createGcRoots(store),
    notifier: createCollectorNotifier(store),
    trust: createTrustChecker({ database }, { trustedKeys }),
  };
}

async function openViews(
  options: CsiPluginOptions,
  state: StateDirectory,
  { runtime, database }: { readonly runtime: Runtime; readonly database: PublishComponents["database"] },
) {
  const { logger, teardown, signal } = runtime;
  const { viewsDir } = state;
  const physicalStoreDir = storeLayout({ rootDir: state.storeRootDir }).storeDir;
  const mounter = new LinuxMounter();
  const strategies = [
    new ComposefsStrategy({ mounter }, { viewsDir }),
    new TreeStrategy({ physicalStoreDir, viewsDir }),
  ];
  const forcedStrategy = options.view === "auto" ? undefined : options.view;
  const onBackgroundError = (error: unknown): void => logger.warn(errorFields(error), "work on the views failed");
  const views = new DirectoryViewCache(
    { database, mounter, strategies },
    { viewsDir, physicalStoreDir, forcedStrategy, onBackgroundError },
  );
  teardown.defer(async () => views.stop());
  await views.start(signal);
  return { views, mounter };
}

async function startHealth(
  options: CsiPluginOptions,
  { teardown }: Runtime,
  parts: {
    readonly metrics: PluginMetrics;
    readonly readiness: Readiness;
    readonly volumes: PublishComponents;
    readonly boot: BootTrust;
  },
): Promise<string> {
  const { metrics, readiness, volumes, boot } = parts;
  const lag = new EventLoopLag(volumes);
  lag.start();
  teardown.defer(() => lag.stop());
  metrics.watch({
    volumes: () => volumes.gcRoots.owners().length,
    viewsByStrategy: () => countByStrategy(volumes.views),
    eventLoopLagSeconds: () => lag.p99Seconds(),
    distrustedPaths: () => boot.distrustedCount,
  });
  if (options.metricsListen === undefined) return "off";
  const app = healthApp({ liveness: () => latenessOf(lag), readiness: () => readiness.failures(), metrics });
  const server = await serveHealth(app, { address: options.metricsListen, flag: "--metrics-listen" });
  teardown.defer(async () => server[Symbol.asyncDispose]());
  const { host, port } = server.address;
  return `${host}:${port}`;
}

/** In the background, and again until it succeeds: calls that come meanwhile are kept off doubtful paths. */
function watchBoot(runtime: Runtime, components: Parameters<typeof checkAfterBoot>[0]): void {
  let isChecked = false;
  const task = repeat("boot check", runtime, BOOT_CHECK_RETRY_MS, async (signal) => {
    if (isChecked) return;
    await checkAfterBoot(components, signal);
    isChecked = true;
  });
  task.trigger();
}

/** Not fatal, since a test may want it so; but a pod would see an empty directory. */
function warnUnlessShared(kubeletDir: string, logger: Logger): void {
  if (isSharedMount(readFileSync("/proc/self/mountinfo", "utf8"), realKubeletDir(kubeletDir))) return;
  const advice = "pods will not see their volumes; in a container set mountPropagation: Bidirectional";
  logger.warn({ kubeletDir }, `the kubelet's directory is not on a shared mount: ${advice}`);
}

function repeat(
  name: string,
  { logger, teardown }: Runtime,
  intervalMs: number,
  run: (signal: AbortSignal) => Promise<void>,
): RepeatingTask {
  const onError = (error: unknown): void =>
    logger.error({ task: name, ...errorFields(error) }, "a recurring task failed; it is tried again");
  const task = new RepeatingTask({ clock: new SystemClock() }, { intervalMs, run, onError });
  teardown.defer(async () => task.stop());
  return task;
}

function realKubeletDir(kubeletDir: string): string {
  try {
    return realpathSync(kubeletDir);
  } catch (cause) {
    const message = `--kubelet-dir: ${kubeletDir} does not exist: mount the kubelet's directory at the same path`;
    throw new NiphasError("InvalidConfiguration", message, { cause });
  }
}

function countByStrategy(views: PublishComponents["views"]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>([...views.probes.keys()].map((name) => [name, 0]));
  for (const { strategy } of views.list()) counts.set(strategy, (counts.get(strategy) ?? 0) + 1);
  return counts;
}

function describeProbes(views: PublishComponents["views"]): Readonly<Record<string, string>> {
  return Object.fromEntries([...views.probes].map(([name, probe]) => [name, probe.ok ? "ok" : probe.reason]));
}

/** The effective configuration for the log, without what may hold credentials. */
function describe(options: CsiPluginOptions): object {
  const { trustedKeys, substituters, ...rest } = options;
  return {
    ...rest,
    substituters: substituters.map((url) => `${new URL(url).protocol}//${new URL(url).host}`),
    trustedKeys: trustedKeys.map(({ name }) => name),
  };
}

async function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  signal.addEventListener("abort", () => resolve(), { once: true });
  await promise;
}
