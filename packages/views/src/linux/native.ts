import { createRequire } from "node:module";
import type { LibraryHandle } from "koffi";
import { SystemError } from "./system-error.ts";

type Koffi = typeof import("koffi");

let koffi: Koffi | undefined;

/** Loaded at first use, so that programs which never mount neither load the native module nor need Linux. */
function loadKoffi(): Koffi {
  koffi ??= createRequire(import.meta.url)("koffi") as Koffi;
  return koffi;
}

/** Declares functions of libc when one of them is needed first. */
export function libcFunctions<T>(declare: (libc: LibraryHandle) => T): () => T {
  let declared: T | undefined;
  // `null` is the running program, which has libc in it under whatever name.
  return () => (declared ??= declare(loadKoffi().load(null)));
}

/** The errno of the last call on this thread. */
export function errno(): number {
  return loadKoffi().errno();
}

/** @throws SystemError when the call answered with a negative number */
export function check(name: string, result: number): number {
  if (result < 0) throw new SystemError(name, errno());
  return result;
}
