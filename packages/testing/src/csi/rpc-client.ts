import { Client, credentials, Metadata as GrpcMetadata, type Metadata, status } from "@grpc/grpc-js";
import { type Message, methodDefinition, type ServiceName } from "./protocol.ts";

export type RpcCode = keyof typeof status;

/** How a call ended; never thrown, since tests and kubelets decide by the code. */
export interface RpcOutcome {
  readonly code: RpcCode;
  /** The server's message; empty for `OK`. */
  readonly message: string;
  readonly response: Message;
  readonly durationMs: number;
  /** Trailing metadata, for checks that nothing leaks there. */
  readonly metadata: Metadata;
}

export interface RpcOptions {
  /** @default 120_000, the kubelet's `csiTimeout` */
  readonly deadlineMs?: number;
  /** Cancels the call on the client's side. */
  readonly signal?: AbortSignal;
}

const DEFAULT_DEADLINE_MS = 120_000;

/** A gRPC channel to a unix socket that speaks any service of `proto/`. */
export class RpcClient implements AsyncDisposable {
  readonly #client: Client;

  /** @param address `unix:///path` or a path */
  constructor(address: string) {
    const target = address.startsWith("/") ? `unix://${address}` : address;
    this.#client = new Client(target, credentials.createInsecure(), {
      "grpc.use_local_subchannel_pool": 1,
      "grpc.initial_reconnect_backoff_ms": 50,
      "grpc.min_reconnect_backoff_ms": 50,
      "grpc.max_reconnect_backoff_ms": 200,
      "grpc.max_send_message_length": -1,
    });
  }

  async call(service: ServiceName, method: string, request: Message, options: RpcOptions = {}): Promise<RpcOutcome> {
    const definition = methodDefinition(service, method);
    const startedAtMs = performance.now();
    const deadline = Date.now() + (options.deadlineMs ?? DEFAULT_DEADLINE_MS);
    const { promise, resolve } = Promise.withResolvers<RpcOutcome>();
    const call = this.#client.makeUnaryRequest(
      definition.path,
      definition.requestSerialize,
      definition.responseDeserialize,
      request,
      new GrpcMetadata(),
      { deadline },
      (error, response) =>
        resolve({
          code: codeName(error?.code ?? status.OK),
          message: error?.details ?? "",
          response: { ...response },
          durationMs: performance.now() - startedAtMs,
          metadata: error?.metadata ?? new GrpcMetadata(),
        }),
    );
    const cancel = (): void => call.cancel();
    if (options.signal?.aborted === true) cancel();
    options.signal?.addEventListener("abort", cancel, { once: true });
    const outcome = await promise;
    options.signal?.removeEventListener("abort", cancel);
    return outcome;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#client.close();
  }
}

function codeName(code: number): RpcCode {
  for (const [name, value] of Object.entries(status)) {
    if (value === code) return name as RpcCode;
  }
  return "UNKNOWN";
}
