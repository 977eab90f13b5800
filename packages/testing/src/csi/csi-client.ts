import type { Message } from "./protocol.ts";
import { RpcClient, type RpcOptions, type RpcOutcome } from "./rpc-client.ts";

/** What a publish says; every field can be replaced by something hostile through `raw`. */
export interface PublishRequest {
  readonly volumeId: string;
  readonly targetPath: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** @default true */
  readonly readonly?: boolean;
  readonly secrets?: Readonly<Record<string, string>>;
  /** Merged over the message last, in the proto's spelling. */
  readonly raw?: Message;
}

/** A mount capability as the kubelet sends it for an inline volume. */
export const MOUNT_CAPABILITY: Message = {
  mount: { fs_type: "", mount_flags: [] },
  access_mode: { mode: "SINGLE_NODE_WRITER" },
};

/** Identity and Node of a CSI plugin. */
export class CsiClient implements AsyncDisposable {
  readonly #rpc: RpcClient;

  /** @param endpoint `unix:///path` or a path */
  constructor(endpoint: string) {
    this.#rpc = new RpcClient(endpoint);
  }

  async publish(request: PublishRequest, options?: RpcOptions): Promise<RpcOutcome> {
    return this.node("NodePublishVolume", publishMessage(request), options);
  }

  async unpublish(volumeId: string, targetPath: string, options?: RpcOptions): Promise<RpcOutcome> {
    return this.node("NodeUnpublishVolume", { volume_id: volumeId, target_path: targetPath }, options);
  }

  async probe(options?: RpcOptions): Promise<RpcOutcome> {
    return this.identity("Probe", {}, options);
  }

  async node(method: string, request: Message, options?: RpcOptions): Promise<RpcOutcome> {
    return this.#rpc.call("csi.v1.Node", method, request, options);
  }

  async identity(method: string, request: Message, options?: RpcOptions): Promise<RpcOutcome> {
    return this.#rpc.call("csi.v1.Identity", method, request, options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#rpc[Symbol.asyncDispose]();
  }
}

/** True when a Probe's answer says ready. */
export function isReady(outcome: RpcOutcome): boolean {
  const { ready } = outcome.response;
  return (
    outcome.code === "OK" && typeof ready === "object" && ready !== null && "value" in ready && ready.value === true
  );
}

/** The NodePublishVolume message that the kubelet would send. */
export function publishMessage(request: PublishRequest): Message {
  return {
    volume_id: request.volumeId,
    target_path: request.targetPath,
    volume_capability: MOUNT_CAPABILITY,
    readonly: request.readonly ?? true,
    volume_context: request.attributes,
    secrets: request.secrets ?? {},
    ...request.raw,
  };
}
