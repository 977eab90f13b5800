import { writeSync } from "node:fs";
import { isatty } from "node:tty";
import { systemErrorCode } from "@niphas/core";

/** Where a command writes. A seam for tests; in production the two standard streams. */
export interface Output {
  /** Results, on standard output. */
  write(text: string): void;
  /** Everything that is for people only, on standard error. */
  writeError(text: string): void;
  readonly isTerminal: boolean;
  readonly isErrorTerminal: boolean;
  /** Width in columns of the terminal on standard error. */
  readonly columns: number;
}

const DEFAULT_COLUMNS = 80;

/**
 * The process's own standard streams, written synchronously. `process.stdout`
 * is not touched on purpose: it would make a shared pipe non-blocking under
 * the program that `niphas run` starts.
 */
export function standardOutput(env: Readonly<Record<string, string | undefined>>): Output {
  const columns = Number.parseInt(env["COLUMNS"] ?? "", 10);
  return {
    write: (text) => writeAll(1, text),
    writeError: (text) => writeAll(2, text),
    isTerminal: isatty(1),
    isErrorTerminal: isatty(2) && env["TERM"] !== "dumb",
    columns: columns > 0 ? columns : DEFAULT_COLUMNS,
  };
}

function writeAll(fileDescriptor: number, text: string): void {
  let rest = Buffer.from(text);
  while (rest.length > 0) {
    const written = writeOnce(fileDescriptor, rest);
    if (written < 0) return;
    rest = rest.subarray(written);
  }
}

/** @returns bytes written; -1 when the reader is gone, as in `niphas closure … | head` */
function writeOnce(fileDescriptor: number, bytes: Buffer): number {
  try {
    return writeSync(fileDescriptor, bytes);
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === "EAGAIN") {
      // The pipe is full and another process made it non-blocking.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
      return 0;
    }
    if (code === "EPIPE" || code === "EIO" || code === "EBADF") return -1;
    throw error;
  }
}
