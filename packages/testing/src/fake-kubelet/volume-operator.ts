import type { PublishRequest } from "../csi/csi-client.ts";
import { CsiClient } from "../csi/csi-client.ts";
import type { RpcOutcome } from "../csi/rpc-client.ts";
import { isFinalError } from "./error-codes.ts";
import type { PodVolume } from "./pod-volume.ts";
import { removeMountDir, saveVolumeData } from "./volume-data.ts";

/** What the kubelet believes of one volume. `uncertain`: it may be mounted, and will be unpublished. */
export type VolumeState = "notMounted" | "mounted" | "uncertain";

/** One RPC that the kubelet made. */
export interface RpcRecord {
  readonly method: "NodePublishVolume" | "NodeUnpublishVolume";
  readonly volumeId: string;
  readonly atMs: number;
  readonly outcome: RpcOutcome;
}

export interface VolumeOperatorInit {
  readonly driverName: string;
  readonly nodeName: string;
  readonly publishDeadlineMs: number;
  readonly endpointOf: (driverName: string) => string | undefined;
  readonly onRpc: (record: RpcRecord) => void;
}

/** The outcome of one attempt: the state that follows, and the error if it failed. */
export interface Attempt {
  readonly state: VolumeState;
  readonly error: string | undefined;
}

/** SetUpAt and TearDownAt of the kubelet's CSI mounter, one attempt each. Source: csi_mounter.go, operation_generator.go. */
export class VolumeOperator {
  readonly #init: VolumeOperatorInit;

  constructor(init: VolumeOperatorInit) {
    this.#init = init;
  }

  async setUp(
    volume: PodVolume,
    state: VolumeState,
    request: Omit<PublishRequest, "volumeId" | "targetPath">,
    signal: AbortSignal,
  ): Promise<Attempt> {
    const { driverName, nodeName, publishDeadlineMs } = this.#init;
    const endpoint = this.#init.endpointOf(driverName);
    if (endpoint === undefined) return { state, error: this.#notRegistered() };
    saveVolumeData(volume, driverName, nodeName);
    const { volumeId, targetPath } = volume;
    const outcome = await this.#call("NodePublishVolume", volume, endpoint, (client) =>
      client.publish({ ...request, volumeId, targetPath }, { deadlineMs: publishDeadlineMs, signal }),
    );
    return this.#afterSetUp(volume, state, outcome);
  }

  async tearDown(volume: PodVolume, state: VolumeState, signal: AbortSignal): Promise<Attempt> {
    const endpoint = this.#init.endpointOf(this.#init.driverName);
    if (endpoint === undefined) return { state, error: this.#notRegistered() };
    const outcome = await this.#call("NodeUnpublishVolume", volume, endpoint, (client) =>
      client.unpublish(volume.volumeId, volume.targetPath, { deadlineMs: this.#init.publishDeadlineMs, signal }),
    );
    if (outcome.code !== "OK") return { state, error: rpcError(outcome) };
    const problem = removeMountDir(volume);
    return problem === undefined ? { state: "notMounted", error: undefined } : { state, error: problem };
  }

  #afterSetUp(volume: PodVolume, state: VolumeState, outcome: RpcOutcome): Attempt {
    if (outcome.code === "OK") return { state: "mounted", error: undefined };
    if (!isFinalError(outcome.code)) {
      return { state: state === "notMounted" ? "uncertain" : state, error: rpcError(outcome) };
    }
    const problem = removeMountDir(volume);
    return {
      state: "notMounted",
      error: problem === undefined ? rpcError(outcome) : `${rpcError(outcome)}; ${problem}`,
    };
  }

  async #call(
    method: RpcRecord["method"],
    volume: PodVolume,
    endpoint: string,
    call: (client: CsiClient) => Promise<RpcOutcome>,
  ): Promise<RpcOutcome> {
    await using client = new CsiClient(endpoint);
    const atMs = Date.now();
    const outcome = await call(client);
    this.#init.onRpc({ method, volumeId: volume.volumeId, atMs, outcome });
    return outcome;
  }

  #notRegistered(): string {
    return `driver name ${this.#init.driverName} not found in the list of registered CSI drivers`;
  }
}

function rpcError(outcome: RpcOutcome): string {
  return `rpc error: code = ${outcome.code} desc = ${outcome.message}`;
}
