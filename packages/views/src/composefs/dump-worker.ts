import { parentPort, workerData } from "node:worker_threads";
import { toBytePath } from "../workers/byte-path.ts";
import { awaitTurnToSend, takeItems } from "../workers/work-queue.ts";
import { DumpWalk } from "./dump-walk.ts";

/** What the image maker gives its workers; they answer with strings, each of whole lines. */
export interface DumpWorkerData {
  readonly physicalStoreDir: string;
  readonly imageDir: string;
  /** Base names of the store paths, shared by all workers. */
  readonly baseNames: readonly string[];
  readonly queue: SharedArrayBuffer;
}

/** Of 64 KiB each: what may wait in memory when the image maker is slower than the walk. */
const MAX_CHUNKS_UNDER_WAY = 32;

const data: DumpWorkerData = workerData;
const walk = new DumpWalk({
  sourceDir: toBytePath(data.physicalStoreDir),
  imageDir: data.imageDir,
  emit: (text) => {
    awaitTurnToSend(data.queue, MAX_CHUNKS_UNDER_WAY);
    parentPort?.postMessage(text);
  },
});
for (const baseName of takeItems(data.queue, data.baseNames)) walk.add(baseName);
walk.end();
