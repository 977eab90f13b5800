import { join } from "node:path";
import { NiphasError } from "@niphas/core";
import type { Clock, Readiness } from "@niphas/service";
import type { Logger } from "pino";
import { REGISTRATION_SOCKET_NAME } from "../constants.ts";
import { identityService } from "../identity/identity-service.ts";
import { nodeService } from "../node/node-service.ts";
import type { PublishVolume } from "../publish/publish-volume.ts";
import type { UnpublishVolume } from "../publish/unpublish-volume.ts";
import { registrationService } from "../registration/registration-service.ts";
import { SocketWatch } from "../registration/socket-watch.ts";
import { loadCsiProto, loadRegistrationProto } from "./proto.ts";
import type { RpcRunner } from "./rpc.ts";
import { UnixServer } from "./unix-server.ts";

export interface PluginServersComponents {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly rpc: RpcRunner;
  readonly readiness: Readiness;
  readonly publish: PublishVolume;
  readonly unpublish: UnpublishVolume;
}

export interface PluginServersInit {
  readonly nodeId: string;
  readonly endpointPath: string;
  readonly registrationDir: string | undefined;
  readonly shutdownGraceMs: number;
}

/** After the grace time, calls are told to end; this long after, they are cut off. */
const ABANDON_MS = 2000;

/** The plugin's sockets: CSI for the kubelet's calls, and the registration that leads the kubelet there. */
export class PluginServers {
  readonly #components: PluginServersComponents;
  readonly #init: PluginServersInit;
  readonly #csi: UnixServer;
  readonly #registration: UnixServer | undefined;
  readonly #watch: SocketWatch;

  constructor(components: PluginServersComponents, init: PluginServersInit) {
    this.#components = components;
    this.#init = init;
    this.#csi = this.#csiServer();
    this.#registration =
      init.registrationDir === undefined ? undefined : this.#registrationServer(init.registrationDir);
    const servers = this.#registration === undefined ? [this.#csi] : [this.#csi, this.#registration];
    this.#watch = new SocketWatch({ ...components, servers });
  }

  /** Serves first and registers then: the kubelet calls at once. @throws NiphasError StateInUse, InvalidConfiguration */
  async start(): Promise<void> {
    await this.#csi.start();
    await this.#registration?.start();
    this.#watch.start();
  }

  /** Takes no new call; running ones get the grace time, then are told to end, then cut off. Removes the sockets. */
  async stop(): Promise<void> {
    const { clock, rpc } = this.#components;
    await this.#watch.stop();
    const cutOff = new AbortController();
    const grace = clock.setTimer(this.#init.shutdownGraceMs, () => {
      rpc.abortAll(new NiphasError("ShuttingDown", "the node plugin is shutting down; the next one goes on"));
    });
    const end = clock.setTimer(this.#init.shutdownGraceMs + ABANDON_MS, () => cutOff.abort());
    await this.#registration?.stop(cutOff.signal);
    await this.#csi.stop(cutOff.signal);
    grace.cancel();
    end.cancel();
  }

  #csiServer(): UnixServer {
    const proto = loadCsiProto();
    return new UnixServer({
      socketPath: this.#init.endpointPath,
      services: [
        { definition: proto.Identity, implementation: identityService(this.#components) },
        { definition: proto.Node, implementation: nodeService(this.#components, this.#init) },
      ],
    });
  }

  #registrationServer(directory: string): UnixServer {
    const onRefused = (): void => this.#watch.offerLater(server);
    const implementation = registrationService(this.#components, { endpointPath: this.#init.endpointPath, onRefused });
    const server = new UnixServer({
      socketPath: join(directory, REGISTRATION_SOCKET_NAME),
      services: [{ definition: loadRegistrationProto().Registration, implementation }],
    });
    return server;
  }
}
