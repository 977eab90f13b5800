import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { NiphasError, systemErrorCode } from "@niphas/core";
import { waitUntil } from "@niphas/testing";
import { type CgroupHierarchies, readHierarchies } from "./hierarchies.ts";

/** Version 1: a new cpuset may hold no process until it has these. */
const CPUSET_FILES = ["cpuset.cpus", "cpuset.mems"];
/** Version 2: a cgroup with controllers for its children may hold no process itself, so ours are in this child. */
const INIT_CHILD = "init";
const CREATE_TIMEOUT_MS = 5_000;
const KILL_TIMEOUT_MS = 20_000;

/** One cgroup, `/niphas-cluster/...`, in every hierarchy. What runs in it can be found and ended whoever started it. */
export class Cgroup {
  readonly #hierarchies: CgroupHierarchies;
  readonly #path: string;

  constructor(path: string, hierarchies: CgroupHierarchies = readHierarchies()) {
    this.#path = path;
    this.#hierarchies = hierarchies;
  }

  /** Makes it, and what is above it. */
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

  /** Kills every process in it and below, and waits until none is left. */
  async kill(): Promise<void> {
    const killAll = (): boolean => {
      const pids = this.processes();
      for (const pid of pids) kill(pid);
      return pids.length === 0;
    };
    await waitUntil(`the processes in cgroup ${this.#path} to end`, killAll, { timeoutMs: KILL_TIMEOUT_MS });
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
      if (this.#hierarchies.version === 2) mkdirSync(join(directory, INIT_CHILD), { recursive: true });
    }
  }

  #createWithParents(directory: string, mountPoint: string): void {
    if (directory === mountPoint) return;
    const parent = dirname(directory);
    this.#createWithParents(parent, mountPoint);
    if (this.#hierarchies.version === 2) passControllersOn(parent);
    if (!existsSync(directory)) mkdirSync(directory);
    for (const file of CPUSET_FILES) copyCpuset(join(parent, file), join(directory, file));
  }
}

function copyCpuset(from: string, to: string): void {
  if (existsSync(from) && existsSync(to) && from.includes("/cpuset/")) writeFileSync(to, readFileSync(from));
}

/** https://docs.kernel.org/admin-guide/cgroup-v2.html#enabling-and-disabling */
function passControllersOn(directory: string): void {
  const controllers = readFileSync(join(directory, "cgroup.controllers"), "utf8").split(/\s+/).filter(Boolean);
  const line = controllers.map((name) => `+${name}`).join(" ");
  if (line !== "") writeFileSync(join(directory, "cgroup.subtree_control"), line);
}

function subdirectories(directory: string): string[] {
  try {
    return readdirSync(directory, { withFileTypes: true }).flatMap((each) => (each.isDirectory() ? [each.name] : []));
  } catch (error) {
    return ignoreGone(error, []);
  }
}

function withDescendants(directory: string): string[] {
  return [directory, ...subdirectories(directory).flatMap((name) => withDescendants(join(directory, name)))];
}

function pidsIn(directory: string): number[] {
  try {
    return readFileSync(join(directory, "cgroup.procs"), "utf8").split("\n").filter(Boolean).map(Number);
  } catch (error) {
    return ignoreGone(error, []);
  }
}

function removeTree(directory: string): boolean {
  const areChildrenGone = subdirectories(directory).every((name) => removeTree(join(directory, name)));
  return areChildrenGone && rmdirUnlessBusy(directory);
}

/** False when something is in it or below it. */
function rmdirUnlessBusy(directory: string): boolean {
  try {
    rmdirSync(directory);
    return true;
  } catch (error) {
    return systemErrorCode(error) === "EBUSY" ? false : ignoreGone(error, true);
  }
}

/** False when something that it works on is gone. */
function tolerateGone(act: () => unknown): boolean {
  try {
    act();
    return true;
  } catch (error) {
    return ignoreGone(error, false);
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

function ignoreGone<T>(error: unknown, value: T): T {
  const code = systemErrorCode(error);
  if (code === "ENOENT" || code === "ESRCH" || code === "ENODEV") return value;
  throw error;
}
