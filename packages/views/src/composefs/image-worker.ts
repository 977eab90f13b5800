import { closeSync, openSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { toBytePath } from "../workers/byte-path.ts";
import { giveWay } from "../workers/give-way.ts";
import { takeItems } from "../workers/work-queue.ts";
import type { DirectoryEntry } from "./erofs/directory.ts";
import { ImageWriter } from "./erofs/image-writer.ts";
import { StoreWalk } from "./store-walk.ts";

/** What the image maker gives its workers; each answers once, with the entries for the store paths that it has done. */
export interface ImageWorkerData {
  readonly physicalStoreDir: string;
  readonly imageFile: string;
  /** The directory of the image that takes the store paths. */
  readonly parentNid: number;
  /** Base names of the store paths, shared by all workers. */
  readonly baseNames: readonly string[];
  readonly queue: SharedArrayBuffer;
  readonly space: SharedArrayBuffer;
}

giveWay();
const data: ImageWorkerData = workerData;
const fd = openSync(data.imageFile, "r+");
const writer = new ImageWriter(fd, data.space);
const walk = new StoreWalk(writer, toBytePath(data.physicalStoreDir), data.parentNid);
const entries: DirectoryEntry[] = [];
for (const baseName of takeItems(data.queue, data.baseNames)) entries.push(walk.add(baseName));
writer.end();
closeSync(fd);
parentPort?.postMessage(entries);
