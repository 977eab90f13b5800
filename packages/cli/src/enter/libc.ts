import { constants } from "node:fs";
import { createRequire } from "node:module";
import { constants as osConstants } from "node:os";
import type { LibraryHandle } from "koffi";

/**
 * The calls that `enter-root` needs beside those of the views package. Numbers
 * are those of the Linux headers, equal on every 64-bit architecture.
 */

const PR_SET_PDEATHSIG = 1;
const SYS_CLOSE_RANGE = 436;
const CLOSE_RANGE_CLOEXEC = 4;
const F_SETFD = 2;
const F_GETFL = 3;
const F_SETFL = 4;
const FIRST_PRIVATE_FD = 3;
const LAST_FD = 0xffff_ffff;
const LAST_CLASSIC_SIGNAL = 31;
const MS_NOSUID = 0x2;
const MS_NOEXEC = 0x8;
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
  const libc = symbols();
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
  return errnoName(libc.errno());
}

/** Has the kernel send `signal` to this process, and the program that it becomes, when its parent dies. */
export function setParentDeathSignal(signal: number): void {
  symbols().prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0);
}

/** Mounts terminals of its own at `target`. @returns the name of the errno, or undefined on success */
export function mountTerminals(target: string, data: string): string | undefined {
  const result = symbols().mount("devpts", target, "devpts", MS_NOSUID | MS_NOEXEC, data);
  return result === 0 ? undefined : errnoName(symbols().errno());
}

/**
 * Limits the permitted and effective capabilities of this thread to `kept`, and
 * empties the inheritable ones, which `unshare --keep-caps` fills.
 * @returns the name of the errno, or undefined on success
 */
export function limitCapabilities(kept: readonly number[]): string | undefined {
  const mask = kept.reduce((bits, capability) => bits | (1n << BigInt(capability)), 0n);
  const header = Buffer.alloc(8);
  header.writeUInt32LE(CAPABILITY_VERSION, 0);
  const data = Buffer.alloc(24);
  const words = [Number(mask & 0xffff_ffffn), Number(mask >> 32n)];
  words.forEach((word, index) => {
    data.writeUInt32LE(word, index * 12);
    data.writeUInt32LE(word, index * 12 + 4);
  });
  return symbols().capset(header, data) === 0 ? undefined : errnoName(symbols().errno());
}

function errnoName(errno: number): string {
  const found = Object.entries(osConstants.errno).find(([, value]) => value === errno);
  return found?.[0] ?? `errno ${errno}`;
}

interface Symbols {
  readonly errno: () => number;
  readonly closeRange: (number: number, first: number, last: number, flags: number) => number;
  readonly fcntl: (fd: number, command: number, argument: number) => number;
  readonly dup2: (from: number, to: number) => number;
  readonly signal: (signal: number, handler: number) => unknown;
  readonly execve: (program: string, args: (string | null)[], env: (string | null)[]) => number;
  readonly prctl: (option: number, a: number, b: number, c: number, d: number) => number;
  readonly mount: (source: string, target: string, type: string, flags: number, data: string) => number;
  readonly capset: (header: Buffer, data: Buffer) => number;
}

let loaded: Symbols | undefined;

function symbols(): Symbols {
  loaded ??= load();
  return loaded;
}

function load(): Symbols {
  const koffi: typeof import("koffi") = createRequire(import.meta.url)("koffi");
  // `null` is the running program, which has libc in it under whatever name.
  const libc: LibraryHandle = koffi.load(null);
  return {
    errno: () => koffi.errno(),
    closeRange: libc.func("long syscall(long number, unsigned int first, unsigned int last, unsigned int flags)"),
    fcntl: libc.func("int fcntl(int fd, int command, int argument)"),
    dup2: libc.func("int dup2(int from, int to)"),
    signal: libc.func("intptr_t signal(int signal, intptr_t handler)"),
    execve: libc.func("int execve(str program, str *args, str *env)"),
    prctl: libc.func("int prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d)"),
    mount: libc.func("int mount(str source, str target, str type, unsigned long flags, str data)"),
    capset: libc.func("int capset(const void *header, const void *data)"),
  };
}
