import { createKubeClient, type KubeClient } from "@niphas/kube";
import { type TemporaryDirectory, temporaryDirectory } from "@niphas/testing";
import { Cluster, type ClusterNode, CONTROL_ADDRESS } from "../../cluster/index.ts";
import { type Closure, ClosureSource } from "../../e2e/closures/closure-source.ts";
import { HelmRelease } from "../../e2e/world/helm-release.ts";
import { buildImages } from "../../e2e/world/images.ts";
import type { RunControl } from "../scenario.ts";
import { startServerProcess } from "../server-process.ts";
import { TaskStarts } from "./task-starts.ts";
import { writeTwinImage } from "./twin-image.ts";

/** What the scenarios share: a node with the platform, and an image with the closure's files. */
export interface PodsContext extends AsyncDisposable {
  readonly control: RunControl;
  readonly node: ClusterNode;
  readonly client: KubeClient;
  readonly taskStarts: TaskStarts;
  /** The example's web server. */
  readonly closure: Closure;
  /** Where the bytes of a path of the closure lie on this machine. */
  readonly closures: ClosureSource;
}

const CLUSTER = "bench";

/** A cluster of one node with the images of the present sources. Disposal takes it down. */
export async function preparePods(control: RunControl): Promise<PodsContext> {
  await using stack = new AsyncDisposableStack();
  const { signal, report } = control;
  report("building the images");
  const images = await buildImages(process.pid, signal);
  const directory = stack.use(temporaryDirectory("bench-pods"));
  const closures = await ClosureSource.create(directory);
  report("bringing a cluster up");
  const cluster = await Cluster.up({ name: CLUSTER, nodes: 1, signal });
  stack.defer(async () => cluster.down());
  const [node] = cluster.nodes;
  if (node === undefined) throw new Error("the cluster has no node");
  const twin = directory.join("twin.tar");
  await writeTwinImage(twin, closures, closures.web);
  for (const file of [...images.map((image) => image.file), twin]) await cluster.loadImage(file, { signal });
  const cache = stack.use(
    await startServerProcess(
      new URL("../cache-server.ts", import.meta.url),
      [closures.cacheDir, CONTROL_ADDRESS],
      (argv) => cluster.controlNetworkCommand(argv),
    ),
  );
  report("installing the chart");
  await installChart(cluster, closures, { cacheUrl: cache.address, directory, signal });
  const { client } = stack.use(await createKubeClient({ file: cluster.kubeconfigFile }));
  const taskStarts = stack.use(await TaskStarts.watch(node));
  const owned = stack.move();
  return {
    control,
    node,
    client,
    taskStarts,
    closures,
    closure: closures.web,
    [Symbol.asyncDispose]: async () => owned.disposeAsync(),
  };
}

async function installChart(
  cluster: Cluster,
  closures: ClosureSource,
  init: { readonly cacheUrl: string; readonly directory: TemporaryDirectory; readonly signal: AbortSignal },
): Promise<void> {
  const helm = process.env["NIPHAS_HELM"];
  if (helm === undefined) throw new Error("NIPHAS_HELM is not set: run npm run bench");
  const release = new HelmRelease({
    helm,
    cluster,
    directory: init.directory,
    values: { upstreams: [init.cacheUrl], trustedPublicKeys: [closures.publicKey], defaultKey: false },
    signal: init.signal,
  });
  await release.install();
}
