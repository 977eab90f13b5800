import { lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type PluginInfo, RegistrationClient } from "../csi/registration-client.ts";

interface SeenSocket {
  /** Inode and time of birth: an inode number alone may be given to the very next file. */
  readonly identity: string;
  readonly info: PluginInfo | undefined;
}

const SCAN_INTERVAL_MS = 50;
const SUPPORTED_VERSION = /^1\./;

/**
 * The kubelet's plugin watcher: a socket that appears is asked who it is and
 * told whether it was accepted; a socket that goes away takes its driver with it.
 * Source: kubernetes pkg/kubelet/pluginmanager.
 */
export class PluginWatcher {
  readonly #registrationDir: string;
  readonly #seen = new Map<string, SeenSocket>();
  readonly #stopping = new AbortController();
  #scans: Promise<void> = Promise.resolve();
  /** How often each driver was accepted. */
  readonly registrationCounts = new Map<string, number>();

  constructor(registrationDir: string) {
    this.#registrationDir = registrationDir;
  }

  start(): void {
    this.#scans = this.#scanUntilStopped();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#scans;
    this.#seen.clear();
  }

  /** The endpoint of a registered driver. */
  endpointOf(driverName: string): string | undefined {
    for (const { info } of this.#seen.values()) if (info?.name === driverName) return info.endpoint;
    return undefined;
  }

  async #scanUntilStopped(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      await this.#scanOnce();
      await sleep(SCAN_INTERVAL_MS, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
    }
  }

  async #scanOnce(): Promise<void> {
    const names = readdirSync(this.#registrationDir).filter((name) => !name.startsWith("."));
    for (const name of this.#seen.keys()) if (!names.includes(name)) this.#seen.delete(name);
    for (const name of names) await this.#look(name);
  }

  async #look(name: string): Promise<void> {
    const path = join(this.#registrationDir, name);
    const stats = lstatSync(path, { bigint: true, throwIfNoEntry: false });
    if (stats?.isSocket() !== true) return;
    const identity = `${stats.ino} ${stats.birthtimeNs}`;
    if (this.#seen.get(name)?.identity === identity) return;
    await using client = new RegistrationClient(path);
    const info = await client.getInfo({ deadlineMs: 1000 });
    if (info === undefined) return;
    const problem = problemOf(info);
    const notified = await client.notify(problem === undefined, problem);
    if (notified.code !== "OK") return;
    this.#seen.set(name, { identity, info: problem === undefined ? info : undefined });
    if (problem !== undefined) return;
    this.registrationCounts.set(info.name, (this.registrationCounts.get(info.name) ?? 0) + 1);
  }
}

function problemOf(info: PluginInfo): string | undefined {
  if (info.type !== "CSIPlugin") return `unknown plugin type ${info.type}`;
  if (!info.supportedVersions.some((version) => SUPPORTED_VERSION.test(version))) return "no supported version";
  return info.endpoint.startsWith("/") ? undefined : "the endpoint must be an absolute path";
}
