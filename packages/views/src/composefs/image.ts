import { open } from "node:fs/promises";
import { storePathBaseName } from "@niphas/core";
import { type ViewContents, viewContents } from "../contents/view-contents.ts";
import type { ViewPlan } from "../ports.ts";
import { createWorkQueue, workerCountFor } from "../workers/work-queue.ts";
import { workerFile } from "../workers/worker-files.ts";
import { runWorkers } from "../workers/worker-group.ts";
import type { DirectoryEntry } from "./erofs/directory.ts";
import { BLOCK_BYTES, ROOT_INODE_OFFSET, SLOT_BYTES, STORE_INODE_OFFSET, writeSuperblock } from "./erofs/format.ts";
import { createImageSpace, imageCounts } from "./erofs/image-space.ts";
import { ImageWriter } from "./erofs/image-writer.ts";
import { ImageSkeleton } from "./image-skeleton.ts";
import type { ImageWorkerData } from "./image-worker.ts";

export interface ImageMakerInit {
  /** Threads that walk the closure and write the image; fewer for small closures. @default 2 */
  readonly workerCount?: number;
}

const DEFAULT_WORKER_COUNT = 2;
const IMAGE_MODE = 0o444;

/**
 * Makes the composefs image of a view: names, sizes and modes of everything in
 * it, in EROFS's format with overlayfs's attributes. The bytes stay in the store.
 * Each worker writes the store paths that it walks straight into the image;
 * what joins them is written at the end.
 */
export class ImageMaker {
  readonly #workerCount: number;

  constructor(init: ImageMakerInit) {
    this.#workerCount = init.workerCount ?? DEFAULT_WORKER_COUNT;
  }

  /** The image is on the disk when this returns. @throws NiphasError InvalidRequest, Cancelled; system errors */
  async make(plan: ViewPlan, imageFile: string, signal: AbortSignal): Promise<void> {
    const contents = viewContents(plan);
    const handle = await open(imageFile, "wx", 0o600);
    try {
      const space = createImageSpace();
      const entries = await this.#addStorePaths(plan, contents, { imageFile, space }, signal);
      const skeleton = new ImageSkeleton(new ImageWriter(handle.fd, space), contents, entries);
      writeSuperblock(skeleton.firstBlock, imageCounts(space));
      await handle.write(skeleton.firstBlock, 0, BLOCK_BYTES, 0);
      await handle.truncate(imageCounts(space).blocks * BLOCK_BYTES);
      await handle.chmod(IMAGE_MODE);
      await handle.sync();
    } finally {
      await handle.close();
    }
  }

  async #addStorePaths(
    plan: ViewPlan,
    contents: ViewContents,
    image: Pick<ImageWorkerData, "imageFile" | "space">,
    signal: AbortSignal,
  ): Promise<readonly DirectoryEntry[]> {
    const workerData: ImageWorkerData = {
      ...image,
      physicalStoreDir: plan.physicalStoreDir,
      parentNid: (contents.storeDir === "" ? ROOT_INODE_OFFSET : STORE_INODE_OFFSET) / SLOT_BYTES,
      baseNames: plan.closure.map((info) => storePathBaseName(info.path)),
      queue: createWorkQueue(),
    };
    let entries: readonly DirectoryEntry[] = [];
    const onMessage = (message: unknown): void => {
      if (Array.isArray(message)) entries = entries.concat(message);
    };
    const count = workerCountFor(plan.closure.length, this.#workerCount);
    await runWorkers({ file: workerFile("image-worker"), count, workerData, onMessage }, signal);
    return entries;
  }
}
