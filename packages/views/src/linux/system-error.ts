import { constants } from "node:os";

/**
 * A failed system call that Node.js does not offer itself. Shaped like Node's
 * own system errors, so that `systemErrorCode` of core reads both.
 */
export class SystemError extends Error {
  override readonly name = "SystemError";
  /** Name of the errno, such as `EBUSY`. */
  readonly code: string;
  readonly syscall: string;

  constructor(syscall: string, errno: number) {
    const code = errnoName(errno);
    super(`${syscall}: ${code}`);
    this.code = code;
    this.syscall = syscall;
  }
}

const NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(constants.errno).map(([name, value]) => [value, name] as const),
);

/** `EBUSY` for 16 and so on; `E<number>` for one that Node.js does not know. */
export function errnoName(errno: number): string {
  return NAMES.get(errno) ?? `E${errno}`;
}
