import { fstatSync, readFileSync, readlinkSync, realpathSync, statSync } from "node:fs";
import { hostname, userInfo } from "node:os";
import { isatty } from "node:tty";
import { NiphasError, systemErrorCode } from "@niphas/core";
import type { EnterBind, EtcFile } from "../enter/enter-spec.ts";
import { etcFiles } from "../enter/etc-files.ts";
import type { BindSpec } from "./bind-spec.ts";

/** The program's /etc, with the host's resolver and hosts copied as they are now. */
export function collectEtcFiles(
  user: { readonly uid: number; readonly gid: number },
  homeDir: string,
): readonly EtcFile[] {
  return etcFiles({
    ...user,
    userName: userName(),
    homeDir,
    hostName: hostname(),
    resolvConf: readOptional("/etc/resolv.conf"),
    hosts: readOptional("/etc/hosts"),
  });
}

/**
 * Looks at what is bound: links are followed here, as the person meant them.
 * @throws NiphasError InvalidRequest when a source is not there
 */
export function resolveBind(bind: BindSpec): EnterBind {
  try {
    const source = realpathSync(bind.source);
    return { ...bind, source, isDirectory: statSync(source).isDirectory() };
  } catch (cause) {
    const code = systemErrorCode(cause);
    const problem = code === "ENOENT" ? "is not there" : `cannot be read (${code ?? "unknown error"})`;
    throw new NiphasError("InvalidRequest", `--bind ${bind.source} ${problem}`, { cause });
  }
}

/** The terminal that standard input, output or error is, such as /dev/pts/3. */
export function terminalPath(): string | undefined {
  const fd = [0, 1, 2].find((each) => isatty(each));
  if (fd === undefined) return undefined;
  const path = readlinkSync(`/proc/self/fd/${fd}`);
  return path.startsWith("/dev/") && isSameDevice(path, fd) ? path : undefined;
}

/** In a container the terminal may come from outside, and its path mean nothing here or another one. */
function isSameDevice(path: string, fd: number): boolean {
  const [found, open] = [statSync(path, { throwIfNoEntry: false }), fstatSync(fd)];
  return found !== undefined && found.rdev === open.rdev && found.dev === open.dev;
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // The user id has no name on this machine; etcFiles makes one.
    return "";
  }
}

function readOptional(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    // A host without it gets etcFiles' default.
    return undefined;
  }
}
