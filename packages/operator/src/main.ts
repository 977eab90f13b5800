import type { ListenAddress } from "@niphas/core";
import { createKubeClient } from "@niphas/kube";
import { createLogger, type HealthServer, healthApp, serveHealth } from "@niphas/service";
import { NodeController } from "./controller/node-controller.ts";
import { hangOf } from "./health/liveness.ts";
import { ControllerMetrics } from "./metrics/controller-metrics.ts";
import type { UninstallOptions } from "./uninstall/options.ts";
import { Uninstaller } from "./uninstall/uninstaller.ts";

export interface ControllerOptions {
  /** @default the pod's own service account */
  readonly kubeconfigFile: string | undefined;
  readonly driverName: string;
  readonly taintKey: string;
  /** Undefined: nowhere. */
  readonly healthListen: ListenAddress | undefined;
  readonly logLevel: string;
}

/**
 * Runs the node controller until the signal aborts.
 * @throws NiphasError InvalidConfiguration when it cannot start
 */
export async function runController(options: ControllerOptions, signal: AbortSignal): Promise<void> {
  const { kubeconfigFile, driverName, taintKey, healthListen } = options;
  using kube = await createKubeClient({ file: kubeconfigFile });
  const logger = createLogger(options.logLevel);
  const metrics = new ControllerMetrics();
  const controller = new NodeController({ client: kube.client, logger, observer: metrics }, { driverName, taintKey });
  metrics.watch(controller);
  await using resources = new AsyncDisposableStack();
  const health =
    healthListen === undefined ? undefined : resources.use(await startHealth(healthListen, controller, metrics));
  logger.info({ driverName, taintKey, health: health?.address ?? "off", apiServer: kube.server }, "running");
  await controller.run(signal);
  logger.info("ended");
}

async function startHealth(
  address: ListenAddress,
  controller: NodeController,
  metrics: ControllerMetrics,
): Promise<HealthServer> {
  const sources = { liveness: () => hangOf(controller), readiness: () => controller.blindness, metrics };
  return serveHealth(healthApp(sources), { address, flag: "--health-listen" });
}

/**
 * Takes the node plugin and its traces off the cluster; see {@link Uninstaller}.
 * @throws NiphasError as {@link Uninstaller.run}, and InvalidConfiguration without usable credentials
 */
export async function runUninstall(
  options: UninstallOptions & Pick<ControllerOptions, "kubeconfigFile">,
  { report, signal }: { readonly report: (line: string) => void; readonly signal: AbortSignal },
): Promise<void> {
  using kube = await createKubeClient({ file: options.kubeconfigFile });
  await new Uninstaller({ client: kube.client, report }, options).run(signal);
}
