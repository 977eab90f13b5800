import { chmodSync, existsSync, readdirSync, rmSync } from "node:fs";
import { workerData } from "node:worker_threads";
import { toFsPath } from "@niphas/core";
import { type BytePath, toBytePath } from "../workers/byte-path.ts";
import { giveWay } from "../workers/give-way.ts";

/** Deletes the directory that it is given, with all that is in it. */
giveWay();
const directory: string = workerData;
if (process.geteuid?.() !== 0 && existsSync(directory)) makeWritable(toBytePath(directory));
rmSync(directory, { recursive: true, force: true });

/** Only root may delete from the read-only directories that a view is made of. */
function makeWritable(path: BytePath): void {
  chmodSync(toFsPath(path), 0o755);
  for (const entry of readdirSync(toFsPath(path), { withFileTypes: true, encoding: "latin1" })) {
    if (entry.isDirectory()) makeWritable(`${path}/${entry.name}`);
  }
}
