import { runCommand } from "../processes/run-command.ts";
import { mountsBelow } from "./mount-table.ts";

const MAX_ROUNDS = 10;

/** Detaches every mount at or below `directory`, innermost first, until the table shows none. */
export async function detachMountsBelow(directory: string): Promise<void> {
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const mountPoints = mountsBelow(directory).map((entry) => entry.mountPoint);
    if (mountPoints.length === 0) return;
    await runCommand(["umount", "-l", "-n", "--", ...mountPoints.reverse()], { allowFailure: true });
  }
  throw new Error(`mounts are left below ${directory}`);
}
