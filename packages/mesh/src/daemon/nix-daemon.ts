import { connect } from "node:net";
import { join } from "node:path";
import { type StoreLocation, storeLayout } from "@niphas/nix";

/**
 * Has Nix's daemon keep the database of a machine's own store open until disposal: a reader that may not write beside
 * the database needs the wal and shm files that go with that, and Nix removes them whenever nobody uses the store.
 * A connection to its socket is enough: the daemon opens the store before it reads a word (nix-daemon.cc `daemonLoop`).
 * Does nothing where no such daemon runs.
 */
export function visitNixDaemon(store: StoreLocation): Disposable {
  const socket = connect(join(storeLayout(store).stateDir, "daemon-socket/socket"));
  // Nobody there, or nobody for us: then somebody else has to hold the database open.
  socket.on("error", () => socket.destroy());
  return { [Symbol.dispose]: () => void socket.destroy() };
}
