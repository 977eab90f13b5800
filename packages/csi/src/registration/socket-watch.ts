import { type FSWatcher, watch } from "node:fs";
import { dirname } from "node:path";
import type { Clock, Timer } from "@niphas/service";
import { errorFields } from "@niphas/service";
import type { Logger } from "pino";

/** A server whose socket file somebody else may remove, as a restarting kubelet does. */
export interface WatchedServer {
  readonly socketPath: string;
  isReachable(): boolean;
  listenAgain(): Promise<void>;
}

const CHECK_INTERVAL_MS = 1000;
/** How long a refused registration waits before the socket is offered again. */
const OFFER_DELAY_MS = 10_000;

/**
 * Keeps servers reachable: when a socket file is gone or another one, the server listens again, which for the kubelet's
 * plugin watcher is a new registration. Directory events make it quick; the check by inode every second makes it sure.
 */
export class SocketWatch {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #servers: readonly WatchedServer[];
  #watchers: FSWatcher[] = [];
  #timer: Timer | undefined;
  #offerTimer: Timer | undefined;
  /** Reachable servers whose sockets are made anew all the same. */
  readonly #offered = new Set<WatchedServer>();
  #checking: Promise<void> | undefined;
  #isStopped: boolean = false;

  constructor(components: {
    readonly clock: Clock;
    readonly logger: Logger;
    readonly servers: readonly WatchedServer[];
  }) {
    this.#clock = components.clock;
    this.#logger = components.logger;
    this.#servers = components.servers;
  }

  start(): void {
    this.#watchDirectories();
    this.#schedule();
  }

  /** Makes the server's socket anew after a while, so that the kubelet sees it again. */
  offerLater(server: WatchedServer): void {
    this.#offerTimer?.cancel();
    this.#offerTimer = this.#clock.setTimer(OFFER_DELAY_MS, () => {
      // By a look like any other: two that listen on one socket at once would leave a server that nobody stops.
      this.#offered.add(server);
      void this.check();
    });
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#timer?.cancel();
    this.#offerTimer?.cancel();
    for (const watcher of this.#watchers) watcher.close();
    await this.#checking;
  }

  /** Looks now; one look at a time. */
  async check(): Promise<void> {
    this.#checking ??= this.#checkAll().finally(() => {
      this.#checking = undefined;
    });
    await this.#checking;
  }

  #schedule(): void {
    this.#timer = this.#clock.setTimer(CHECK_INTERVAL_MS, () => {
      void this.check().then(() => {
        if (!this.#isStopped) this.#schedule();
      });
    });
  }

  async #checkAll(): Promise<void> {
    for (const server of this.#servers) {
      const isWanted = this.#offered.delete(server) || !server.isReachable();
      if (isWanted && !this.#isStopped) await this.#listenAgain(server);
    }
  }

  async #listenAgain(server: WatchedServer): Promise<void> {
    try {
      await server.listenAgain();
      this.#logger.warn({ socketPath: server.socketPath }, "the socket was gone or replaced; listening again");
      this.#watchDirectories();
    } catch (error) {
      this.#logger.error({ socketPath: server.socketPath, ...errorFields(error) }, "cannot listen again yet");
    }
  }

  /** Directories are watched anew after each change: a watcher of a directory that was replaced sees nothing. */
  #watchDirectories(): void {
    for (const watcher of this.#watchers) watcher.close();
    this.#watchers = this.#servers.flatMap((server) => {
      try {
        const watcher = watch(dirname(server.socketPath), { persistent: false }, () => void this.check());
        // The timer still looks: a watcher is only there to be quick.
        watcher.on("error", () => undefined);
        return [watcher];
      } catch {
        // As above; the directory may be missing right now.
        return [];
      }
    });
  }
}
