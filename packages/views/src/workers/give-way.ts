import { setPriority } from "node:os";

const LOWER_PRIORITY = 10;

/**
 * Lets the event loop, and everything else on the node, run before the calling worker thread. Linux keeps a nice value
 * for each thread, and 0 names the one that calls: setpriority(2), "C library/kernel differences".
 */
export function giveWay(): void {
  setPriority(0, LOWER_PRIORITY);
}
