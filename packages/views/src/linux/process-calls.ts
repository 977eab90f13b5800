import { constants } from "node:fs";
import { check, errno, libcFunctions } from "./native.ts";
import { errnoName } from "./system-error.ts";

/**
 * System calls on the calling process and thread. Numbers are those of include/uapi/linux/{prctl,close_range,fcntl,
 * capability}.h, equal on every 64-bit architecture.
 */

export const PR_SET_PDEATHSIG = 1;
export const PR_CAPBSET_READ = 23;
export const PR_CAPBSET_DROP = 24;
export const PR_SET_NO_NEW_PRIVS = 38;
export const PR_CAP_AMBIENT = 47;
export const PR_CAP_AMBIENT_CLEAR_ALL = 4;

const SYS_CLOSE_RANGE = 436;
const CLOSE_RANGE_CLOEXEC = 4;
const F_SETFD = 2;
const F_GETFL = 3;
const F_SETFL = 4;
const FIRST_PRIVATE_FD = 3;
const LAST_FD = 0xffff_ffff;
const LAST_CLASSIC_SIGNAL = 31;
/** `_LINUX_CAPABILITY_VERSION_3` */
const CAPABILITY_VERSION = 0x20080522;

export interface ProcessImage {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/**
 * Replaces this process by `program`, which keeps the process id. The program
 * gets only descriptors 0 to 2 (blocking; `stderrFd` as 2) and every signal in its default state: Node.js
 * ignores SIGPIPE, and what is ignored stays so across an execve.
 *
 * Node's own `process.execve` is not used: it aborts with a stack trace where
 * this returns, and it lets SIGPIPE and descriptors above a gap through.
 * @returns the name of the errno, such as `ENOENT`; there is no return on success
 */
export function replaceProcess(image: ProcessImage, stderrFd: number): string {
  const libc = functions();
  libc.dup2(stderrFd, 2);
  libc.closeRange(SYS_CLOSE_RANGE, FIRST_PRIVATE_FD, LAST_FD, CLOSE_RANGE_CLOEXEC);
  for (let fd = 0; fd < FIRST_PRIVATE_FD; fd++) {
    libc.fcntl(fd, F_SETFD, 0);
    // Node.js, or a module of it, may have made a shared pipe non-blocking in niphas itself.
    libc.fcntl(fd, F_SETFL, libc.fcntl(fd, F_GETFL, 0) & ~constants.O_NONBLOCK);
  }
  for (let signal = 1; signal <= LAST_CLASSIC_SIGNAL; signal++) libc.signal(signal, 0);
  const variables = Object.entries(image.env).map(([name, value]) => `${name}=${value}`);
  libc.execve(image.program, [...image.args, null], [...variables, null]);
  return errnoName(errno());
}

/** @throws SystemError */
export function prctl(option: number, argument: number): number {
  return check("prctl", functions().prctl(option, argument, 0, 0, 0));
}

/** Makes `kept` the permitted and effective capabilities of this thread, and empties the inheritable ones. @throws SystemError */
export function setCapabilities(kept: readonly number[]): void {
  const mask = kept.reduce((bits, capability) => bits | (1n << BigInt(capability)), 0n);
  const header = Buffer.alloc(8);
  header.writeUInt32LE(CAPABILITY_VERSION, 0);
  const data = Buffer.alloc(24);
  const words = [Number(mask & 0xffff_ffffn), Number(mask >> 32n)];
  words.forEach((word, index) => {
    data.writeUInt32LE(word, index * 12);
    data.writeUInt32LE(word, index * 12 + 4);
  });
  check("capset", functions().capset(header, data));
}

interface Functions {
  readonly closeRange: (number: number, first: number, last: number, flags: number) => number;
  readonly fcntl: (fd: number, command: number, argument: number) => number;
  readonly dup2: (from: number, to: number) => number;
  readonly signal: (signal: number, handler: number) => unknown;
  readonly execve: (program: string, args: (string | null)[], env: (string | null)[]) => number;
  readonly prctl: (option: number, a: number, b: number, c: number, d: number) => number;
  readonly capset: (header: Buffer, data: Buffer) => number;
}

const functions = libcFunctions<Functions>((libc) => ({
  closeRange: libc.func("long syscall(long number, unsigned int first, unsigned int last, unsigned int flags)"),
  fcntl: libc.func("int fcntl(int fd, int command, int argument)"),
  dup2: libc.func("int dup2(int from, int to)"),
  signal: libc.func("intptr_t signal(int signal, intptr_t handler)"),
  execve: libc.func("int execve(str program, str *args, str *env)"),
  prctl: libc.func("int prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d)"),
  capset: libc.func("int capset(const void *header, const void *data)"),
}));
