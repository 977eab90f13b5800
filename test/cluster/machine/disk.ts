import { existsSync, truncateSync, writeFileSync } from "node:fs";
import { runCommand, waitUntil } from "@niphas/testing";

/** An unmount first writes all that the host has in memory. */
const DETACH_TIMEOUT_MS = 60_000;

/** Makes a sparse file with an ext4 file system, unless it is there. */
export async function createDisk(file: string, sizeBytes: number, signal?: AbortSignal): Promise<void> {
  if (existsSync(file)) return;
  writeFileSync(file, "");
  truncateSync(file, sizeBytes);
  await runCommand(["mkfs.ext4", "-q", "-m", "0", file], { signal });
}

/**
 * Waits until no loop device holds any of the files: mounted a second time they would be destroyed. Those that a crash
 * left without a mount are detached.
 */
export async function releaseDisks(files: readonly string[], signal?: AbortSignal): Promise<void> {
  const present = files.filter((file) => existsSync(file));
  const detach = async (file: string): Promise<boolean> => {
    const devices = await loopDevices(file, signal);
    await Promise.all(devices.map((device) => runCommand(["losetup", "-d", device], { signal, allowFailure: true })));
    return devices.length === 0;
  };
  const areReleased = async (): Promise<boolean> => (await Promise.all(present.map(detach))).every(Boolean);
  const what = `the loop devices of ${files.join(", ")} to be released; losetup and findmnt say what holds them`;
  await waitUntil(what, areReleased, { timeoutMs: DETACH_TIMEOUT_MS, intervalMs: 50 });
}

async function loopDevices(file: string, signal?: AbortSignal): Promise<readonly string[]> {
  const { stdout } = await runCommand(["losetup", "--noheadings", "--output", "NAME", "--associated", file], {
    signal,
  });
  return stdout.split("\n").filter(Boolean);
}
