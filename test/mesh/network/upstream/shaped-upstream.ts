import { existsSync, mkdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { waitUntil } from "@niphas/testing";
import { UPSTREAM_ADDRESS } from "../links/addresses.ts";
import { GuestProcess } from "../namespaces/guest-process.ts";
import type { Namespaces } from "../namespaces/namespaces.ts";
import { readAccessLog, type UpstreamRequest } from "./access-log.ts";
import { nginxConfiguration } from "./nginx-configuration.ts";
import { nginxCommand } from "./nginx-files.ts";

export interface UpstreamInit {
  readonly namespaces: Namespaces;
  readonly namespace: string;
  /** For configuration and log; made here. */
  readonly directory: string;
  /** A binary cache. */
  readonly cacheDir: string;
  /** Where nginx itself listens: behind the proxy, if there is one. */
  readonly address: string;
  readonly signal: AbortSignal;
}

export const UPSTREAM_PORT = 80;

/** The one binary cache of a mesh network: nginx, at the far end of a slow cable. */
export class ShapedUpstream {
  /** For `--substituter`. */
  readonly url = `http://${UPSTREAM_ADDRESS}`;
  readonly #init: UpstreamInit;
  readonly #logFile: string;
  #logStart = 0;
  #server: GuestProcess;

  private constructor(init: UpstreamInit, server: GuestProcess) {
    this.#init = init;
    this.#logFile = accessLogFile(init);
    this.#server = server;
  }

  static async start(init: UpstreamInit): Promise<ShapedUpstream> {
    mkdirSync(init.directory);
    return new ShapedUpstream(init, await startNginx(init));
  }

  /** All requests since the start, or since {@link clearLog}, that have ended. */
  requests(): readonly UpstreamRequest[] {
    return readAccessLog(this.#logFile, this.#logStart);
  }

  /** The bytes of {@link requests}. */
  bytesServed(): number {
    return this.requests().reduce((sum, { bytes }) => sum + bytes, 0);
  }

  clearLog(): void {
    this.#logStart = existsSync(this.#logFile) ? statSync(this.#logFile).size : 0;
  }

  /** From now on connections are refused, or with a proxy before it: closed at once. */
  async stop(): Promise<void> {
    await this.#server.kill();
  }

  /** Starts it again after {@link stop}. */
  async restart(): Promise<void> {
    if (!this.#server.isRunning) this.#server = await startNginx(this.#init);
  }

  /** Connections are accepted and nothing is answered any more. */
  freeze(): void {
    this.#server.freeze();
  }

  thaw(): void {
    this.#server.thaw();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
  }
}

async function startNginx(init: UpstreamInit): Promise<GuestProcess> {
  const command = nginxCommand();
  if (command === undefined) throw new Error("there is no nginx: run scripts/fetch-example.sh");
  const { directory, namespace, namespaces, address, cacheDir, signal } = init;
  const file = join(directory, "nginx.conf");
  const server = {
    directory,
    rootDirectory: cacheDir,
    address,
    port: UPSTREAM_PORT,
    accessLogFile: accessLogFile(init),
  };
  writeFileSync(file, nginxConfiguration(server));
  const pidFile = join(directory, "nginx.pid");
  rmSync(pidFile, { force: true });
  const argv = [...command, "-e", "stderr", "-p", directory, "-c", file];
  const nginx = await GuestProcess.start({ namespaces, namespace, argv, signal });
  await waitUntil(`nginx to listen: ${nginx.logs.tail()}`, () => {
    signal.throwIfAborted();
    if (!nginx.isRunning) throw new Error(`nginx ended: ${nginx.logs.tail()}`);
    // Written after it has begun to listen.
    return existsSync(pidFile);
  });
  return nginx;
}

function accessLogFile({ directory }: UpstreamInit): string {
  return join(directory, "access.log");
}
