import { mkdirSync, truncateSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { runCommand } from "../processes/run-command.ts";
import { waitUntil } from "../processes/wait-until.ts";

export interface LoopFileSystemInit {
  /** Image file; made here. */
  readonly imageFile: string;
  /** Where it is mounted; made here. */
  readonly mountPoint: string;
  readonly sizeMiB: number;
  /** How many files it can hold; many if not given. */
  readonly inodeCount?: number;
}

const MOUNT_OPTIONS = "loop,errors=remount-ro";

/** A small ext4 of its own, for full and read-only disks. Goes away with the temporary directory that holds its mount point. */
export class LoopFileSystem {
  readonly #init: LoopFileSystemInit;

  private constructor(init: LoopFileSystemInit) {
    this.#init = init;
  }

  static async create(init: LoopFileSystemInit): Promise<LoopFileSystem> {
    writeFileSync(init.imageFile, "");
    truncateSync(init.imageFile, init.sizeMiB * 2 ** 20);
    const inodes = init.inodeCount === undefined ? [] : ["-N", String(init.inodeCount)];
    await runCommand(["mkfs.ext4", "-q", "-m", "0", ...inodes, init.imageFile]);
    mkdirSync(init.mountPoint, { recursive: true });
    await runCommand(["mount", "-o", MOUNT_OPTIONS, init.imageFile, init.mountPoint]);
    return new LoopFileSystem(init);
  }

  /** The kernel sees an error and makes the file system read-only, with all its open files, as it does when a disk dies. */
  async breakReadOnly(): Promise<void> {
    writeFileSync(`/sys/fs/ext4/${await this.#loopName()}/trigger_fs_error`, "test");
  }

  /** Repairs and mounts it again after {@link breakReadOnly}, as soon as nothing uses it any more. */
  async repair(): Promise<void> {
    await waitUntil(`${this.#init.mountPoint} to be unused`, async () => {
      const { exitCode } = await runCommand(["umount", this.#init.mountPoint], { allowFailure: true });
      return exitCode === 0;
    });
    await runCommand(["e2fsck", "-fy", this.#init.imageFile], { allowFailure: true });
    await runCommand(["mount", "-o", MOUNT_OPTIONS, this.#init.imageFile, this.#init.mountPoint]);
  }

  async #loopName(): Promise<string> {
    const { stdout } = await runCommand(["findmnt", "-n", "-o", "SOURCE", this.#init.mountPoint]);
    return basename(stdout.trim());
  }
}
