import { BinaryCacheServer, type CacheFault, type CacheRequest } from "@niphas/testing";

/** The binary cache that the plugins fetch from; it can go away and come back at the same address. */
export class UpstreamCache implements AsyncDisposable {
  readonly url: string;
  readonly #directory: string;
  #server: BinaryCacheServer | undefined;

  private constructor(directory: string, server: BinaryCacheServer) {
    this.#directory = directory;
    this.#server = server;
    this.url = server.url;
  }

  /** @param host an address of this network namespace that nodes and pods reach */
  static async start(directory: string, host: string): Promise<UpstreamCache> {
    return new UpstreamCache(directory, await BinaryCacheServer.start(directory, { host }));
  }

  /** Requests since it was last started. */
  get requests(): readonly CacheRequest[] {
    return this.#server?.requests ?? [];
  }

  /** Mistreats requests from now on; without faults all is well again. */
  setFaults(...faults: readonly CacheFault[]): void {
    this.#server?.setFaults(...faults);
  }

  /** From now on requests need this header `Authorization`. */
  requireAuthorization(value: string): void {
    if (this.#server !== undefined) this.#server.authorization = value;
  }

  /** From now on connections are refused. */
  async stop(): Promise<void> {
    await this.#server?.[Symbol.asyncDispose]();
    this.#server = undefined;
  }

  /** Healthy again, whatever was done to it. */
  async restore(): Promise<void> {
    const { hostname, port } = new URL(this.url);
    this.#server ??= await BinaryCacheServer.start(this.#directory, { host: hostname, port: Number(port) });
    this.#server.setFaults();
    this.#server.authorization = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
