import { type TemporaryDirectory, temporaryDirectory, waitUntil } from "@niphas/testing";
import type { Cluster } from "../cluster.ts";
import type { ClusterNode } from "../node/cluster-node.ts";
import { PROBE_PORT, probeImage, probeObjects, probePod } from "./probe.ts";

export const NAMESPACE = "cluster-self-test";
const READY_TIMEOUT_MS = 120_000;
const POLL_MS = 300;

/** A namespace with a small web server on every node, for the cases to use. */
export class TestBed implements AsyncDisposable {
  readonly cluster: Cluster;
  readonly #directory: TemporaryDirectory;

  private constructor(cluster: Cluster, directory: TemporaryDirectory) {
    this.cluster = cluster;
    this.#directory = directory;
  }

  static async create(cluster: Cluster, signal?: AbortSignal): Promise<TestBed> {
    const bed = new TestBed(cluster, temporaryDirectory("self-test"));
    try {
      await bed.#prepare(signal);
      return bed;
    } catch (error) {
      await bed[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** A path in a directory that goes away with the bed. */
  file(name: string): string {
    return this.#directory.join(name);
  }

  /** kubectl in the bed's namespace; its standard output. @throws Error when it fails */
  async kubectl(argv: readonly string[], input?: string): Promise<string> {
    const options = input === undefined ? {} : { input };
    const { stdout } = await this.cluster.kubectl(["--namespace", NAMESPACE, ...argv], { ...options, check: true });
    return stdout;
  }

  async apply(objects: readonly object[]): Promise<void> {
    const list = { apiVersion: "v1", kind: "List", items: objects };
    await this.kubectl(["apply", "--server-side", "--filename=-"], JSON.stringify(list));
  }

  /** Runs a command in the web server's pod on a node. */
  async inPod(node: ClusterNode, argv: readonly string[]): Promise<string> {
    return (await this.kubectl(["exec", probePod(node.name), "--", ...argv])).trim();
  }

  /** Asks a web server from the pod on a node: the name of its pod and the address that it was asked from. */
  async ask(from: ClusterNode, host: string): Promise<{ readonly pod: string; readonly client: string }> {
    return parseAnswer(await this.inPod(from, ["wget", "-q", "-T", "5", "-O", "-", probeUrl(host)]));
  }

  /** The address of the pod on a node. */
  async podAddress(node: ClusterNode): Promise<string> {
    return this.kubectl(["get", "pod", probePod(node.name), "--output=jsonpath={.status.podIP}"]);
  }

  async untilPodsReady(): Promise<void> {
    const pods = this.cluster.nodes.map((node) => `pod/${probePod(node.name)}`);
    if (pods.length === 0) return;
    const wait = ["wait", "--for=condition=Ready", `--timeout=${READY_TIMEOUT_MS}ms`, ...pods];
    await this.kubectl(wait);
  }

  /** Asks every {@link POLL_MS} until the answer is true. */
  async until(what: string, ask: () => Promise<boolean>): Promise<void> {
    await waitUntil(what, ask, { timeoutMs: READY_TIMEOUT_MS, intervalMs: POLL_MS });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cluster.kubectl(["delete", "namespace", NAMESPACE, "--ignore-not-found", "--wait"]);
    await this.#directory[Symbol.asyncDispose]();
  }

  async #prepare(signal?: AbortSignal): Promise<void> {
    const { cluster } = this;
    const [node] = cluster.nodes;
    await cluster.kubectl(["create", "namespace", NAMESPACE], { check: true });
    if (node === undefined) return;
    const archive = await probeImage(this.file("probe.tar"), node.hostPath("/usr/bin/busybox"));
    await cluster.loadImage(archive, signal === undefined ? {} : { signal });
    await this.apply(probeObjects(cluster.nodes.map(({ name }) => name)));
    await this.untilPodsReady();
  }
}

export function probeUrl(host: string): string {
  return `http://${host}:${PROBE_PORT}/cgi-bin/answer`;
}

export function parseAnswer(text: string): { readonly pod: string; readonly client: string } {
  const [pod = "", client = ""] = text.trim().split(" ");
  return { pod, client: client.replace(/^\[?::ffff:|\]$/g, "") };
}
