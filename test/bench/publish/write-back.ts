import { runCommand } from "@niphas/testing";

/** Writes what the step before left in the page cache, so that the next step does not pay for it. */
export async function writeBack(): Promise<void> {
  await runCommand(["sync"]);
}
