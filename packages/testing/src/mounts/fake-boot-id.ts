import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { runCommand } from "../processes/run-command.ts";

const BOOT_ID_FILE = "/proc/sys/kernel/random/boot_id";

/**
 * Another boot id for every process of this mount namespace, until disposal. The namespace must be private.
 * @param file any path that may be written, kept until disposal
 */
export async function fakeBootId(file: string): Promise<AsyncDisposable> {
  writeFileSync(file, `${randomUUID()}\n`);
  await runCommand(["mount", "--bind", file, BOOT_ID_FILE]);
  return {
    [Symbol.asyncDispose]: async () => {
      await runCommand(["umount", "-l", BOOT_ID_FILE]);
    },
  };
}
