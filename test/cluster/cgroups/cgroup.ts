import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { NiphasError, systemErrorCode } from "@niphas/core";
import { waitUntil } from "@niphas/testing";
import { describeProcess } from "../machine/process-identity.ts";
import {
  ignoreGone,
  isGone,
  pidsIn,
  removeTree,
  rmdirUnlessBusy,
  thaw,
  tolerateGone,
  withDescendants,
} from "./cgroup-files.ts";
import { copyCpuset, passControllersOn } from "./controllers.ts";
import { type CgroupHierarchies, readHierarchies } from "./hierarchies.ts";

/** Version 2: a cgroup with controllers for its children may hold no process itself, so ours are in this child. */
const INIT_CHILD = "init";
const CREATE_TIMEOUT_MS = 5_000;
/** The last process of a machine waits until all that was written to its disks is on the host's. */
const KILL_TIMEOUT_MS = 60_000;

/** One cgroup, `/niphas-cluster/...`, in every hierarchy. What runs in it can be found and ended whoever started it. */
export class Cgroup {
  readonly #hierarchies: CgroupHierarchies;
  readonly #path: string;

  constructor(path: string, hierarchies: CgroupHierarchies = readHierarchies()) {
    this.#path = path;
    this.#hierarchies = hierarchies;
  }

  /** Makes it, and what is above it. @throws NiphasError InvalidConfiguration when this host does not let us */
  async create(): Promise<void> {
    // Whoever removes another cluster may remove what is above, while that is still empty.
    const isCreated = (): boolean => tolerateGone(() => this.#createAll());
    await waitUntil(`cgroup ${this.#path} to be made`, isCreated, { timeoutMs: CREATE_TIMEOUT_MS });
  }

  /** The command that joins the cgroup and then becomes `argv`. */
  joining(argv: readonly string[]): readonly string[] {
    const script = 'for file in $1; do echo $$ >"$file" || exit 125; done; shift; exec "$@"';
    const child = this.#hierarchies.version === 2 ? INIT_CHILD : "";
    const files = this.#directories().map((directory) => join(directory, child, "cgroup.procs"));
    return ["/bin/sh", "-c", script, "sh", files.join(" "), ...argv];
  }

  /** As {@link joining}, for the process that makes a cgroup namespace: the cgroup itself becomes that namespace's root. */
  joiningAsRoot(argv: readonly string[]): readonly string[] {
    return this.joining(argv).map((word) => word.replaceAll(`/${INIT_CHILD}/cgroup.procs`, "/cgroup.procs"));
  }

  /** Version 2: after {@link joiningAsRoot}, makes way for children with controllers. */
  delegate(): void {
    if (this.#hierarchies.version === 1) return;
    for (const directory of this.#directories()) {
      for (const pid of pidsIn(directory)) writeFileSync(join(directory, INIT_CHILD, "cgroup.procs"), String(pid));
      passControllersOn(directory);
    }
  }

  /** Every process in it and below, by the host's numbers. */
  processes(): readonly number[] {
    const trees = this.#directories().flatMap((directory) => withDescendants(directory));
    return [...new Set(trees.flatMap(pidsIn))];
  }

  /**
   * Kills every process in it and below, and waits until none is left.
   * @throws NiphasError StateInUse naming those that the kernel does not let end
   */
  async kill(): Promise<void> {
    const killAll = (): boolean => {
      this.#directories().forEach(thaw);
      const pids = this.processes();
      for (const pid of pids) kill(pid);
      return pids.length === 0;
    };
    try {
      await waitUntil(`the processes in cgroup ${this.#path} to end`, killAll, { timeoutMs: KILL_TIMEOUT_MS });
    } catch (cause) {
      throw cause instanceof NiphasError ? cause : this.#killFailure(cause);
    }
  }

  /** Removes it and what is below it; no process may be in it. */
  async remove(): Promise<void> {
    const removeAll = (): boolean => this.#directories().every((directory) => removeTree(directory));
    await waitUntil(`cgroup ${this.#path} to be removed`, removeAll, { timeoutMs: KILL_TIMEOUT_MS });
  }

  /** Removes it if nothing is in it and nothing below it. */
  removeIfUnused(): void {
    for (const directory of this.#directories()) tolerateGone(() => rmdirUnlessBusy(directory));
  }

  #directories(): readonly string[] {
    return this.#hierarchies.mountPoints.map((mountPoint) => join(mountPoint, this.#path));
  }

  #createAll(): void {
    for (const mountPoint of this.#hierarchies.mountPoints) {
      const directory = join(mountPoint, this.#path);
      this.#createWithParents(directory, mountPoint);
      if (this.#hierarchies.version === 2) makeDirectory(join(directory, INIT_CHILD));
    }
  }

  #createWithParents(directory: string, mountPoint: string): void {
    if (directory === mountPoint) return;
    const parent = dirname(directory);
    this.#createWithParents(parent, mountPoint);
    if (this.#hierarchies.version === 2) passControllersOn(parent);
    makeDirectory(directory);
    if (this.#hierarchies.version === 1) copyCpuset(parent, directory);
  }

  #killFailure(cause: unknown): NiphasError {
    const left = this.processes().map(describeProcess).join(", ");
    const message = `these processes do not end, in state D because the kernel waits for a disk or a mount: ${left}; run down again when they have`;
    return new NiphasError("StateInUse", message, { cause });
  }
}

/** That it is there already, perhaps made by another program a moment ago, is fine. */
function makeDirectory(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true });
  } catch (cause) {
    if (isGone(cause)) throw cause;
    const remedy = "run it as root on the host itself or in a privileged container";
    const message = `cannot make the cgroup ${directory} (${systemErrorCode(cause) ?? String(cause)}): ${remedy}`;
    throw new NiphasError("InvalidConfiguration", message, { cause });
  }
}

function kill(pid: number): void {
  // Processes of a PID namespace that is not seen from here have the number 0, which would be ourselves.
  if (pid === 0)
    throw new NiphasError("Internal", "a process of the cluster is in a PID namespace that is not visible here");
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    ignoreGone(error, undefined);
  }
}
