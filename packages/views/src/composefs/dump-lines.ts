import type { BytePath } from "../workers/byte-path.ts";

/**
 * Lines of composefs's text format, composefs-dump(5). A path in the image is
 * given without its leading slash and already escaped, so that a directory's
 * part is escaped only once for all that is in it.
 */

/** Everything in a Nix store belongs to root and has the time 1 second after the epoch. */
const OWNER_AND_TIME = "0 0 0 1.0";
const DIRECTORY_MODE = "40555";
const SYMLINK_MODE = "120777";
const NOTHING = "-";

/** `subdirectoryCount` is needed for the link count, from which find(1) knows where there are none left. */
export function directoryLine(path: string, subdirectoryCount: number): string {
  return `/${path} 0 ${DIRECTORY_MODE} ${2 + subdirectoryCount} ${OWNER_AND_TIME} - - -\n`;
}

/** `payload` is the escaped path of the bytes, relative to the base directory of the mount. */
export function fileLine(path: string, sizeBytes: number, mode: number, payload: string): string {
  const source = sizeBytes === 0 ? NOTHING : payload;
  return `/${path} ${sizeBytes} ${mode.toString(8)} 1 ${OWNER_AND_TIME} ${source} - -\n`;
}

export function symlinkLine(path: string, target: BytePath): string {
  // A lone dash would mean that there is no target.
  const escaped = target === NOTHING ? "\\x2d" : escapeDumpField(target);
  return `/${path} ${target.length} ${SYMLINK_MODE} 1 ${OWNER_AND_TIME} ${escaped} - -\n`;
}

/** Escapes what is not a printing ASCII character, and the backslash. */
export function escapeDumpField(bytes: BytePath): string {
  return /[^!-~]|\\/.test(bytes) ? bytes.replace(/[^!-~]|\\/g, escapeByte) : bytes;
}

function escapeByte(character: string): string {
  return `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`;
}
