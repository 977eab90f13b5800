import { mkdirSync, rmdirSync } from "node:fs";
import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData, status } from "@grpc/grpc-js";
import { type Message, serviceDefinition } from "../csi/protocol.ts";
import type { RpcCode } from "../csi/rpc-client.ts";

type Call = ServerUnaryCall<Message, Message>;
type Reply = sendUnaryData<Message>;

/** A driver that answers publishes with the codes of a script, then with OK; it makes and removes target directories. */
export class ScriptedDriver implements AsyncDisposable {
  readonly calls: { readonly method: string; readonly request: Message }[] = [];
  readonly notifications: Message[] = [];
  readonly #script: RpcCode[];
  readonly #csi = new Server();
  readonly #registration = new Server();

  private constructor(script: readonly RpcCode[]) {
    this.#script = [...script];
  }

  static async start(csiSocket: string, registrationSocket: string, script: readonly RpcCode[] = []) {
    const driver = new ScriptedDriver(script);
    driver.#csi.addService(serviceDefinition("csi.v1.Node"), {
      NodePublishVolume: (call: Call, reply: Reply) => driver.#publish(call, reply),
      NodeUnpublishVolume: (call: Call, reply: Reply) => driver.#unpublish(call, reply),
    });
    const info = { type: "CSIPlugin", name: "csi.niphas.io", endpoint: csiSocket, supported_versions: ["1.0.0"] };
    driver.#registration.addService(serviceDefinition("pluginregistration.Registration"), {
      GetInfo: (_: Call, reply: Reply) => reply(null, info),
      NotifyRegistrationStatus: (call: Call, reply: Reply) => {
        driver.notifications.push(call.request);
        reply(null, {});
      },
    });
    await bind(driver.#csi, csiSocket);
    await bind(driver.#registration, registrationSocket);
    return driver;
  }

  count(method: string): number {
    return this.calls.filter((call) => call.method === method).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#csi.forceShutdown();
    this.#registration.forceShutdown();
  }

  #publish(call: Call, reply: Reply): void {
    this.calls.push({ method: "publish", request: call.request });
    const code = this.#script.shift() ?? "OK";
    if (code === "OK") {
      mkdirSync(String(call.request["target_path"]), { recursive: true });
      reply(null, {});
    } else reply({ code: status[code], details: `scripted ${code}` });
  }

  #unpublish(call: Call, reply: Reply): void {
    this.calls.push({ method: "unpublish", request: call.request });
    try {
      rmdirSync(String(call.request["target_path"]));
    } catch {
      // ENOENT: never published.
    }
    reply(null, {});
  }
}

async function bind(server: Server, socket: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.bindAsync(`unix://${socket}`, ServerCredentials.createInsecure(), (error) =>
    error === null ? resolve() : reject(error),
  );
  await promise;
}
