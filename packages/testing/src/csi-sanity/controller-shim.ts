import { createHash } from "node:crypto";
import {
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type sendUnaryData,
  status,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { type Message, type ServiceName, serviceDefinition } from "../csi/protocol.ts";
import { RpcClient } from "../csi/rpc-client.ts";
import { podInfo } from "../fake-kubelet/fake-kubelet.ts";

export interface ControllerShimInit {
  /** Socket of the real plugin. */
  readonly pluginSocket: string;
  /** Socket to listen on. */
  readonly socketPath: string;
  /** `volumeAttributes` of every volume that it "creates". */
  readonly attributes: Readonly<Record<string, string>>;
}

type Call = ServerUnaryCall<Message, Message>;
type Reply = sendUnaryData<Message>;
type Answer = (request: Message) => Message;

const CREATE_DELETE_VOLUME: Message = { rpc: { type: "CREATE_DELETE_VOLUME" } };
const CONTROLLER_SERVICE: Message = { service: { type: "CONTROLLER_SERVICE" } };
const POD_UID = "00000000-0000-4000-8000-000000000000";

class Refusal extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * csi-sanity publishes only volumes that a controller has made. Niphas has no
 * controller, so this one, for tests only, makes names of volumes; Identity and
 * Node go to the real plugin, with what the kubelet would add.
 */
export class ControllerShim implements AsyncDisposable {
  readonly #init: ControllerShimInit;
  readonly #server = new Server();
  readonly #plugin: RpcClient;
  readonly #volumes = new Map<string, Message>();

  private constructor(init: ControllerShimInit) {
    this.#init = init;
    this.#plugin = new RpcClient(init.pluginSocket);
  }

  static async start(init: ControllerShimInit): Promise<ControllerShim> {
    const shim = new ControllerShim(init);
    shim.#addService("csi.v1.Identity", { GetPluginCapabilities: () => ({ capabilities: [CONTROLLER_SERVICE] }) });
    shim.#addService("csi.v1.Controller", shim.#controller());
    shim.#addService("csi.v1.Node", {});
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    shim.#server.bindAsync(`unix://${init.socketPath}`, ServerCredentials.createInsecure(), (error) =>
      error === null ? resolve() : reject(error),
    );
    await promise;
    return shim;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.forceShutdown();
    await this.#plugin[Symbol.asyncDispose]();
  }

  #addService(service: ServiceName, answers: Readonly<Record<string, Answer>>): void {
    const definition = serviceDefinition(service);
    const handlers: UntypedServiceImplementation = {};
    for (const method of Object.keys(definition)) {
      const answer = answers[method];
      handlers[method] =
        answer === undefined
          ? (call: Call, reply: Reply) => this.#forward(service, method, call, reply)
          : (call: Call, reply: Reply) => answerLocally(answer, call, reply);
    }
    this.#server.addService(definition, handlers);
  }

  #forward(service: ServiceName, method: string, call: Call, reply: Reply): void {
    if (service === "csi.v1.Controller") {
      reply({ code: status.UNIMPLEMENTED, details: `the test controller has no ${method}` });
      return;
    }
    const request = method === "NodePublishVolume" ? this.#asKubelet(call.request) : call.request;
    this.#plugin.call(service, method, request).then((outcome) => {
      if (outcome.code === "OK") reply(null, outcome.response);
      else reply({ code: status[outcome.code], details: outcome.message });
    }, reply);
  }

  /** csi-sanity leaves out what the kubelet always sends for our volumes: readOnly and the pod. */
  #asKubelet(request: Message): Message {
    const context = request["volume_context"];
    const attributes = typeof context === "object" ? context : {};
    return { ...request, readonly: true, volume_context: { ...attributes, ...podInfo(POD_UID, undefined) } };
  }

  #controller(): Readonly<Record<string, Answer>> {
    return {
      ControllerGetCapabilities: () => ({ capabilities: [CREATE_DELETE_VOLUME] }),
      CreateVolume: (request) => this.#createVolume(request),
      DeleteVolume: (request) => this.#deleteVolume(request),
      ValidateVolumeCapabilities: (request) => this.#validate(request),
    };
  }

  #createVolume(request: Message): Message {
    const name = requireText(request, "name");
    requireList(request, "volume_capabilities");
    const capacity = requiredBytes(request);
    const volumeId = `csi-${createHash("sha256").update(name).digest("hex")}`;
    const known = this.#volumes.get(volumeId);
    if (known !== undefined && known["capacity_bytes"] !== capacity) {
      throw new Refusal(status.ALREADY_EXISTS, "the volume exists with another size");
    }
    const volume = { volume_id: volumeId, capacity_bytes: capacity, volume_context: this.#init.attributes };
    this.#volumes.set(volumeId, volume);
    return { volume };
  }

  #deleteVolume(request: Message): Message {
    this.#volumes.delete(requireText(request, "volume_id"));
    return {};
  }

  #validate(request: Message): Message {
    const volumeId = requireText(request, "volume_id");
    const capabilities = requireList(request, "volume_capabilities");
    if (!this.#volumes.has(volumeId)) throw new Refusal(status.NOT_FOUND, "no such volume");
    return { confirmed: { volume_capabilities: capabilities } };
  }
}

function answerLocally(answer: Answer, call: Call, reply: Reply): void {
  try {
    reply(null, answer(call.request));
  } catch (error) {
    const code = error instanceof Refusal ? error.code : status.INTERNAL;
    reply({ code, details: String(error) });
  }
}

function requireText(request: Message, field: string): string {
  const value = request[field];
  if (typeof value !== "string" || value === "") throw new Refusal(status.INVALID_ARGUMENT, `${field} is missing`);
  return value;
}

function requireList(request: Message, field: string): readonly unknown[] {
  const value = request[field];
  if (!Array.isArray(value) || value.length === 0) {
    throw new Refusal(status.INVALID_ARGUMENT, `${field} is missing`);
  }
  return value;
}

function requiredBytes(request: Message): number {
  const range = request["capacity_range"];
  if (typeof range !== "object" || range === null || !("required_bytes" in range)) return 0;
  return Number(range.required_bytes);
}
