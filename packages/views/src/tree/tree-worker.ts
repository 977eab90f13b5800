import { workerData } from "node:worker_threads";
import { toBytePath } from "../workers/byte-path.ts";
import { giveWay } from "../workers/give-way.ts";
import { takeItems } from "../workers/work-queue.ts";
import { LinkTree } from "./link-tree.ts";

/** What {@link TreeStrategy} gives its workers. */
export interface TreeWorkerData {
  readonly physicalStoreDir: string;
  /** The directory of the view that takes the store paths. */
  readonly targetDir: string;
  /** Base names of the store paths, shared by all workers. */
  readonly baseNames: readonly string[];
  readonly queue: SharedArrayBuffer;
}

giveWay();
const data: TreeWorkerData = workerData;
const [sourceDir, targetDir] = [toBytePath(data.physicalStoreDir), toBytePath(data.targetDir)];
const tree = new LinkTree();
for (const baseName of takeItems(data.queue, data.baseNames)) {
  tree.add(`${sourceDir}/${baseName}`, `${targetDir}/${baseName}`);
}
