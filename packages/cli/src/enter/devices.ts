import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { bindMount, makeReadOnly, mountTerminals, mountTmpfs } from "@niphas/views";
import { TTY_GROUP_ID } from "./etc-files.ts";

const DEVICES = ["null", "zero", "full", "random", "urandom", "tty"];

const LINKS: Readonly<Record<string, string>> = {
  ptmx: "pts/ptmx",
  fd: "/proc/self/fd",
  stdin: "/proc/self/fd/0",
  stdout: "/proc/self/fd/1",
  stderr: "/proc/self/fd/2",
};

/**
 * Fills `deviceDir` as a container's /dev: the host's harmless devices, terminals
 * of its own, shared memory, the usual links. Devices are mounted and not
 * made, because an ordinary user cannot make them. {@link sealDevices} comes last.
 */
export function makeDevices(deviceDir: string, isRoot: boolean, terminalPath: string | undefined): void {
  mkdirSync(deviceDir);
  mountTmpfs(deviceDir, 0o755);
  for (const name of DEVICES) bindDevice(`/dev/${name}`, `${deviceDir}/${name}`);
  for (const [name, target] of Object.entries(LINKS)) symlinkSync(target, `${deviceDir}/${name}`);
  mkdirSync(`${deviceDir}/shm`);
  mountTmpfs(`${deviceDir}/shm`, 0o1777);
  makeTerminals(`${deviceDir}/pts`, isRoot);
  // ttyname(3) looks for the terminal's device here once it is not in /dev/pts.
  if (terminalPath !== undefined) bindDevice(terminalPath, `${deviceDir}/console`);
}

/** Nothing can be added to /dev any more; the mounts below it stay as they are. */
export function sealDevices(deviceDir: string): void {
  makeReadOnly(deviceDir, false);
}

function bindDevice(source: string, target: string): void {
  writeFileSync(target, "");
  bindMount(source, target, { isReadOnly: false });
}

function makeTerminals(target: string, isRoot: boolean): void {
  mkdirSync(target);
  chmodSync(target, 0o755);
  // In a user namespace of one user the terminals' group has no number.
  const group = isRoot ? `,gid=${TTY_GROUP_ID}` : "";
  mountTerminals(target, `newinstance,ptmxmode=0666,mode=0620${group}`);
}
