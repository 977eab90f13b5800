import { closeSync, constants, openSync } from "node:fs";
import { createConnection, type Socket } from "node:net";
import { basename, dirname } from "node:path";

/** sun_path has 108 bytes with its NUL, unix(7). */
const MAX_SOCKET_PATH_BYTES = 107;

/**
 * Connects to a unix socket whose path may be longer than an address can
 * hold: then by way of its directory's descriptor, which is closed when the
 * connection stands or has failed.
 */
export function connectToSocket(path: string): Socket {
  if (Buffer.byteLength(path) <= MAX_SOCKET_PATH_BYTES) return createConnection(path);
  const descriptor = openSync(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY);
  const socket = createConnection(`/proc/self/fd/${descriptor}/${basename(path)}`);
  let isOpen = true;
  const release = (): void => {
    if (isOpen) closeSync(descriptor);
    isOpen = false;
  };
  return socket.once("connect", release).once("close", release);
}
