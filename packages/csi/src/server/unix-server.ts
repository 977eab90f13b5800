import { chmodSync, lstatSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { basename, dirname, join } from "node:path";
import { Server, ServerCredentials, type ServiceDefinition, type UntypedServiceImplementation } from "@grpc/grpc-js";
import { NiphasError, systemErrorCode } from "@niphas/core";

export interface ServedService {
  readonly definition: ServiceDefinition;
  readonly implementation: UntypedServiceImplementation;
}

export interface UnixServerInit {
  readonly socketPath: string;
  readonly services: readonly ServedService[];
}

/** CSI bounds a map at 4 KiB, so an honest request is far below; grpc-js answers RESOURCE_EXHAUSTED above. */
const MAX_RECEIVE_BYTES = 1024 * 1024;
/** In MB, as Node.js counts it: one session cannot make the plugin buffer more than this. */
const MAX_SESSION_MEMORY_MB = 32;
const MAX_CONCURRENT_STREAMS = 1000;
/** `sun_path` of unix(7) holds 108 bytes with the final NUL. */
const MAX_SOCKET_PATH_BYTES = 107;
const SOCKET_MODE = 0o600;
const CONNECT_TIMEOUT_MS = 1000;

/** A gRPC server on a unix socket that can listen again when its socket file was removed or replaced. */
export class UnixServer {
  readonly #init: UnixServerInit;
  #server: Server | undefined;
  #socketIdentity: string | undefined;

  /** @throws NiphasError InvalidConfiguration when the path is too long for a socket */
  constructor(init: UnixServerInit) {
    this.#init = init;
    if (Buffer.byteLength(init.socketPath) > MAX_SOCKET_PATH_BYTES) {
      const message = `a unix socket's path may have ${MAX_SOCKET_PATH_BYTES} bytes, this has more: ${init.socketPath}`;
      throw new NiphasError("InvalidConfiguration", message);
    }
  }

  get socketPath(): string {
    return this.#init.socketPath;
  }

  /** @throws NiphasError StateInUse when another process answers on the socket, InvalidConfiguration as `listenAgain` */
  async start(): Promise<void> {
    if (await isAnswered(this.socketPath)) {
      const message = `another process already serves ${this.socketPath}: stop it first`;
      throw new NiphasError("StateInUse", message);
    }
    await this.#listen();
  }

  /** Whether the socket file on disk is the one that this server listens on. */
  isReachable(): boolean {
    return this.#socketIdentity !== undefined && identityOf(this.socketPath) === this.#socketIdentity;
  }

  /**
   * Listens on a new socket file. Calls on old connections go on to their end.
   * @throws NiphasError InvalidConfiguration when the socket cannot be made there
   */
  async listenAgain(): Promise<void> {
    // Closing the listener unlinks whatever lies at the path, so it must come before the new one binds.
    this.#server?.tryShutdown(() => undefined);
    this.#server = undefined;
    this.#socketIdentity = undefined;
    await this.#listen();
  }

  /** Takes no new connection and waits for running calls, at most until the signal aborts; then cuts them off. */
  async stop(signal: AbortSignal): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    const { promise, resolve } = Promise.withResolvers<void>();
    const force = (): void => {
      server.forceShutdown();
      resolve();
    };
    if (signal.aborted) force();
    else signal.addEventListener("abort", force, { once: true });
    server.tryShutdown(() => resolve());
    await promise;
    signal.removeEventListener("abort", force);
  }

  async #listen(): Promise<void> {
    try {
      await this.#bindNewSocket();
    } catch (cause) {
      const code = systemErrorCode(cause);
      const message = `cannot listen on ${this.socketPath}${code === undefined ? "" : ` (${code})`}`;
      throw new NiphasError("InvalidConfiguration", `${message}: check that its directory can be written to`, {
        cause,
      });
    }
  }

  async #bindNewSocket(): Promise<void> {
    mkdirSync(dirname(this.socketPath), { recursive: true, mode: 0o750 });
    const staleName = join(dirname(this.socketPath), `.${basename(this.socketPath)}.stale`);
    moveAside(this.socketPath, staleName);
    const server = new Server({
      "grpc.max_receive_message_length": MAX_RECEIVE_BYTES,
      "grpc.max_concurrent_streams": MAX_CONCURRENT_STREAMS,
      "grpc-node.max_session_memory": MAX_SESSION_MEMORY_MB,
    });
    for (const service of this.#init.services) server.addService(service.definition, service.implementation);
    await bind(server, this.socketPath);
    chmodSync(this.socketPath, SOCKET_MODE);
    this.#server = server;
    this.#socketIdentity = identityOf(this.socketPath);
    rmSync(staleName, { force: true });
  }
}

async function bind(server: Server, socketPath: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.bindAsync(`unix:${socketPath}`, ServerCredentials.createInsecure(), (error) => {
    if (error === null) resolve();
    else reject(error);
  });
  await promise;
}

/**
 * Watchers tell sockets apart by inode number, which a file system may give to the very next file. So the old file
 * stays until the new one is there; its name begins with a dot, which the kubelet's watcher passes over.
 */
function moveAside(path: string, staleName: string): void {
  try {
    renameSync(path, staleName);
  } catch (error) {
    if (systemErrorCode(error) !== "ENOENT") throw error;
  }
}

function identityOf(path: string): string | undefined {
  const stats = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  return stats === undefined ? undefined : `${stats.ino} ${stats.birthtimeNs}`;
}

async function isAnswered(socketPath: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect(socketPath);
  socket.setTimeout(CONNECT_TIMEOUT_MS, () => resolve(true));
  socket.once("connect", () => resolve(true));
  socket.once("error", () => resolve(false));
  const answered = await promise;
  socket.destroy();
  return answered;
}
