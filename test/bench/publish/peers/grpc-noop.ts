import { CsiClient } from "@niphas/testing";
import { timeMs } from "../../scenario.ts";
import { type ServerProcess, startServerProcess } from "../../server-process.ts";

const STORE_PATH = `/nix/store/${"a".repeat(32)}-noop`;

/** The floor: the same messages through the same gRPC library, with nothing behind them. */
export class GrpcNoop implements AsyncDisposable {
  readonly #server: ServerProcess;
  readonly #client: CsiClient;

  private constructor(server: ServerProcess) {
    this.#server = server;
    this.#client = new CsiClient(server.address);
  }

  static async start(socketPath: string): Promise<GrpcNoop> {
    const module = new URL("grpc-noop-server.ts", import.meta.url);
    return new GrpcNoop(await startServerProcess(module, [socketPath]));
  }

  /** Milliseconds until `count` calls at once are answered. */
  async burst(count: number): Promise<number> {
    return timeMs(() => Promise.all(Array.from({ length: count }, async (_, index) => this.#call(index))));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client[Symbol.asyncDispose]();
    await this.#server[Symbol.asyncDispose]();
  }

  async #call(index: number): Promise<void> {
    const outcome = await this.#client.publish({
      volumeId: `csi-${index.toString(16).padStart(64, "0")}`,
      targetPath: `/var/lib/kubelet/pods/${index}/volumes/kubernetes.io~csi/store/mount`,
      attributes: { storePath: STORE_PATH, "csi.storage.k8s.io/pod.namespace": "default" },
    });
    if (outcome.code !== "OK") throw new Error(`the no-op server answered ${outcome.code}: ${outcome.message}`);
  }
}
