import { lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { runCommand } from "@niphas/testing";

const FILES_PER_COMMAND = 500;
/** Reads nothing: with a count of 0 dd only asks the kernel to drop what it has cached of the file. */
const DROP = 'for file; do dd if="$file" iflag=nocache count=0 status=none; done';

/** Regular files below a directory, each inode once. */
export function filesBelow(directory: string): readonly string[] {
  const byInode = new Map<string, string>();
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const { dev, ino } = lstatSync(path);
    byInode.set(`${dev} ${ino}`, path);
  }
  return [...byInode.values()];
}

/** Bytes of the files that are in memory, whoever uses them; see fincore(1). */
export async function cachedBytes(files: readonly string[]): Promise<number> {
  let sum = 0;
  for (const some of chunks(files)) {
    const { stdout } = await runCommand(["fincore", "--noheadings", "--bytes", "--output", "RES", "--", ...some]);
    for (const line of stdout.split("\n")) sum += Number(line);
  }
  return sum;
}

/** What nobody has mapped goes; dirty pages are written first. */
export async function dropCached(files: readonly string[]): Promise<void> {
  await runCommand(["sync"]);
  for (const some of chunks(files)) await runCommand(["sh", "-c", DROP, "drop", ...some]);
}

function* chunks(files: readonly string[]): Generator<readonly string[]> {
  for (let index = 0; index < files.length; index += FILES_PER_COMMAND) {
    yield files.slice(index, index + FILES_PER_COMMAND);
  }
}
