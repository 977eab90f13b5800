import { readFileSync } from "node:fs";
import { join } from "node:path";
import { runCommand, waitUntil } from "@niphas/testing";
import type { Cluster } from "../../cluster/index.ts";

const NAME = "kube-apiserver";
const PID_FILE = `/run/daemons/${NAME}.pid`;
const NAMESPACES = ["--mount", "--uts", "--ipc", "--pid", "--net", "--cgroup", "--root", "--wd"];
/** As the cluster itself starts its daemons. */
const START = `exec </dev/null >>"/var/log/niphas-cluster/$0.log" 2>&1
setsid sh -c 'echo $$ >"/run/daemons/$0.pid"; exec "$@"' "$0" "$@" &`;

/** The API server of a cluster, killed and started again. */
export class ApiServerProcess {
  readonly #machinePid: number;
  readonly #argv: readonly string[];

  constructor(cluster: Cluster) {
    const control = cluster.status().machines.find(({ name }) => name === "control");
    if (control?.pid === undefined) throw new Error("the control plane does not run");
    this.#machinePid = control.pid;
    this.#argv = this.#read(`/proc/${this.#pid()}/cmdline`).split("\0").slice(0, -1);
  }

  /** Returns when it is gone. */
  async kill(): Promise<void> {
    const pid = this.#pid();
    await this.#inMachine(["sh", "-c", 'kill -KILL "$0"', pid]);
    await waitUntil("the API server's end", async () => (this.#isGone(pid) ? true : undefined));
  }

  async start(): Promise<void> {
    await this.#inMachine(["sh", "-c", START, NAME, ...this.#argv]);
  }

  #pid(): string {
    return this.#read(PID_FILE).trim();
  }

  #isGone(pid: string): boolean {
    try {
      return /^State:\tZ/m.test(this.#read(`/proc/${pid}/status`));
    } catch {
      return true;
    }
  }

  #read(path: string): string {
    return readFileSync(join("/proc", String(this.#machinePid), "root", path), "utf8");
  }

  async #inMachine(argv: readonly string[]): Promise<void> {
    await runCommand(["nsenter", "--target", String(this.#machinePid), ...NAMESPACES, "--", ...argv]);
  }
}
