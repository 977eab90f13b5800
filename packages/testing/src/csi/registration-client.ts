import { RpcClient, type RpcOptions, type RpcOutcome } from "./rpc-client.ts";

/** What a plugin says of itself on its registration socket. */
export interface PluginInfo {
  readonly type: string;
  readonly name: string;
  readonly endpoint: string;
  readonly supportedVersions: readonly string[];
}

/** The kubelet's side of plugin registration. */
export class RegistrationClient implements AsyncDisposable {
  readonly #rpc: RpcClient;

  constructor(socketPath: string) {
    this.#rpc = new RpcClient(socketPath);
  }

  /** Undefined when nobody answers. */
  async getInfo(options: RpcOptions = { deadlineMs: 3000 }): Promise<PluginInfo | undefined> {
    const outcome = await this.#rpc.call("pluginregistration.Registration", "GetInfo", {}, options);
    if (outcome.code !== "OK") return undefined;
    const { type, name, endpoint, supported_versions: versions } = outcome.response;
    return {
      type: String(type),
      name: String(name),
      endpoint: String(endpoint),
      supportedVersions: Array.isArray(versions) ? versions.map(String) : [],
    };
  }

  async notify(registered: boolean, error = "", options?: RpcOptions): Promise<RpcOutcome> {
    const request = { plugin_registered: registered, error };
    return this.#rpc.call("pluginregistration.Registration", "NotifyRegistrationStatus", request, options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#rpc[Symbol.asyncDispose]();
  }
}
