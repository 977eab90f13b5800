import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { MountEntry } from "@niphas/views";
import { killGroup, runCommand } from "../processes/run-command.ts";
import { mountsAt, mountsBelow } from "./mount-table.ts";

/**
 * A mount namespace that receives our mounts by propagation, as the host or a
 * container runtime does; only mounts below a shared mount arrive there.
 */
export class SecondMountNamespace implements AsyncDisposable {
  readonly pid: number;
  readonly #holder: ChildProcess;

  private constructor(holder: ChildProcess, pid: number) {
    this.#holder = holder;
    this.pid = pid;
  }

  static async create(): Promise<SecondMountNamespace> {
    const holder = spawn(
      "unshare",
      ["--mount", "--propagation", "slave", "--", "sh", "-c", "echo ready; exec sleep 86400"],
      { detached: true, stdio: ["ignore", "pipe", "inherit"] },
    );
    await once(holder.stdout, "data");
    if (holder.pid === undefined) throw new Error("unshare did not start");
    return new SecondMountNamespace(holder, holder.pid);
  }

  mountsBelow(directory: string): readonly MountEntry[] {
    return mountsBelow(directory, this.pid);
  }

  mountsAt(path: string): readonly MountEntry[] {
    return mountsAt(path, this.pid);
  }

  /** The same path, as seen from inside: usable with any file system call. */
  path(path: string): string {
    return `/proc/${this.pid}/root${path}`;
  }

  /** Runs a command inside, as a consumer. */
  async run(argv: readonly string[]) {
    return runCommand(["nsenter", `--mount=/proc/${this.pid}/ns/mnt`, "--", ...argv], { allowFailure: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const gone = once(this.#holder, "exit");
    killGroup(this.#holder, "SIGKILL");
    await gone;
  }
}

/** Makes `directory` a mount whose sub-mounts propagate, as /var/lib/kubelet is on a node. */
export async function makeSharedMount(directory: string): Promise<void> {
  await runCommand(["mount", "--bind", directory, directory]);
  await runCommand(["mount", "--make-shared", directory]);
}
