import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { runCommand } from "@niphas/testing";
import type { ClusterMachines } from "./cluster-machines.ts";
import { ApiClient } from "./control-plane/api-client.ts";
import { ControlPlane } from "./control-plane/control-plane.ts";
import { isDnsAvailable, readyNodes, type WaitInit, waitFor } from "./control-plane/readiness.ts";
import { dnsImage, pauseImage } from "./images/cluster-images.ts";
import { API_SERVER } from "./network/addresses.ts";
import type { ClusterNode } from "./node/cluster-node.ts";
import { writeNodeFiles } from "./node/node-files.ts";
import { createPki, type Pki } from "./pki/authority.ts";
import { writeKubeconfig } from "./pki/kubeconfig.ts";
import type { ClusterState } from "./state/cluster-state.ts";
import type { ClusterLayout } from "./state/layout.ts";

export interface BringUpInit {
  readonly layout: ClusterLayout;
  readonly state: ClusterState;
  readonly machines: ClusterMachines;
  readonly report: (line: string) => void;
  readonly signal: AbortSignal;
  /** Takes what goes on beside the rest; see {@link together}. */
  readonly add: <P>(promise: Promise<P>) => Promise<P>;
}

const NODES_TIMEOUT_MS = 180_000;
const LOG_TAIL_CHARACTERS = 2_000;
const DNS_MANIFEST = join(import.meta.dirname, "addons/coredns.yaml");

/** From nothing to a cluster whose nodes are ready. What it leaves when it fails is for the caller to remove. */
export async function bringUp(init: BringUpInit): Promise<void> {
  const { layout, state, machines, report, signal, add } = init;
  report("certificates, disks");
  const [pki] = await Promise.all([add(createPki(layout.pkiDirectory, state.nodes, signal)), add(createDisks(init))]);
  writeKubeconfigs(init, pki);
  const images = add(clusterImages(init));
  const control = new ControlPlane({
    cluster: layout.name,
    machine: machines.control,
    hardware: machines.controlHardware,
    pki,
    apiPort: state.apiPort,
    nodes: state.nodes,
    signal,
  });
  await control.switchOn();
  const api = new ApiClient(pki, state.apiPort);
  report("etcd, API server");
  await control.startApiServer();
  const apiReady = add(control.untilApiServerReady(api).then(() => report("API server is ready")));
  const starting = machines.nodes.map((node, index) =>
    add(startNode(init, { node, index: index + 1, pki, images, apiReady })),
  );
  await Promise.all([add(startControllers(control, api, apiReady)), ...starting]);
  await untilComplete(init, control, api);
}

async function createDisks({ machines, signal }: BringUpInit): Promise<void> {
  await Promise.all([
    machines.control.createDisks(machines.controlHardware, signal),
    ...machines.nodeMachines.map((machine) => machine.createDisks(machines.nodeHardware, signal)),
  ]);
}

function writeKubeconfigs({ layout, state }: BringUpInit, pki: Pki): void {
  const common = { cluster: layout.name, identity: "admin" };
  const loopback = `https://127.0.0.1:${state.apiPort}`;
  writeKubeconfig(pki, { ...common, server: loopback, file: layout.kubeconfigFile });
  writeKubeconfig(pki, { ...common, server: API_SERVER, file: layout.internalKubeconfigFile });
}

async function clusterImages({ layout, state }: BringUpInit): Promise<readonly string[]> {
  if (state.nodes === 0) return [];
  mkdirSync(layout.imageDirectory, { recursive: true });
  const pause = pauseImage(layout.imageDirectory, state.tools.nodeRoot);
  return Promise.all([pause, dnsImage(layout.imageDirectory, state.tools.corednsBinary)]);
}

async function startControllers(control: ControlPlane, api: ApiClient, apiReady: Promise<void>): Promise<void> {
  await apiReady;
  await control.startControllers();
  await control.untilControllersReady(api);
}

interface NodeStart {
  readonly node: ClusterNode;
  readonly index: number;
  readonly pki: Pki;
  readonly images: Promise<readonly string[]>;
  readonly apiReady: Promise<void>;
}

async function startNode(init: BringUpInit, { node, index, pki, images, apiReady }: NodeStart): Promise<void> {
  const { layout, machines, report, signal } = init;
  const machine = machines.nodeMachines[index - 1];
  if (machine === undefined) return;
  writeNodeFiles(machine.configurationDirectory, { cluster: layout.name, index, pki });
  await node.switchOn(signal);
  await node.start("containerd", signal);
  for (const image of await images) await node.loadImage(image, signal);
  await apiReady;
  await Promise.all([node.start("kubelet", signal), node.start("kube-proxy", signal)]);
  report(`${node.name}: containerd, kubelet and kube-proxy are started`);
}

async function untilComplete(init: BringUpInit, control: ControlPlane, api: ApiClient): Promise<void> {
  const { state, report, signal } = init;
  if (state.nodes === 0) return;
  await kubectl(init, ["apply", "--server-side", "--filename", DNS_MANIFEST]);
  const wait = { timeoutMs: NODES_TIMEOUT_MS, check: () => checkDaemons(init, control), signal };
  await untilNodesReady(init, api, wait);
  report("nodes are ready");
  await control.startProxy();
  const what = async (): Promise<string> => `CoreDNS: ${await describeDns(init)}`;
  await waitFor(what, () => isDnsAvailable(api, signal), wait);
  report("DNS is ready");
}

function checkDaemons({ machines }: BringUpInit, control: ControlPlane): void {
  control.checkDaemons();
  for (const node of machines.nodes) node.checkDaemons();
}

async function untilNodesReady({ machines, signal }: BringUpInit, api: ApiClient, wait: WaitInit): Promise<void> {
  let ready: readonly string[] = [];
  const others = (): readonly ClusterNode[] => machines.nodes.filter(({ name }) => !ready.includes(name));
  const what = (): string =>
    `nodes to be ready: ${others()
      .map((node) => `${node.name}: ${node.log("kubelet")}`)
      .join("\n")}`;
  const areReady = async (): Promise<boolean> => {
    ready = await readyNodes(api, signal);
    return others().length === 0;
  };
  await waitFor(what, areReady, wait);
}

async function describeDns(init: BringUpInit): Promise<string> {
  return (await kubectl(init, ["--namespace=kube-system", "describe", "pods"], true)).slice(-LOG_TAIL_CHARACTERS);
}

async function kubectl(init: BringUpInit, argv: readonly string[], allowFailure = false): Promise<string> {
  const { layout, state, signal } = init;
  const options = [`--kubeconfig=${layout.kubeconfigFile}`, `--cache-dir=${layout.kubectlCacheDirectory}`];
  const command = [state.tools.kubernetesBinary, "kubectl", ...options, ...argv];
  return (await runCommand(command, { signal, allowFailure })).stdout;
}
