import { chmod, link, lutimes, mkdir, mkdtemp, rm, stat, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { storePathBaseName, systemErrorCode } from "@niphas/core";
import { viewContents } from "../contents/view-contents.ts";
import type { ProbeResult, ViewPlan, ViewStrategy } from "../ports.ts";
import { CROSS_DEVICE_ADVICE, crossDeviceReason, viewBuildError } from "../workers/build-error.ts";
import { createWorkQueue, workerCountFor } from "../workers/work-queue.ts";
import { workerFile } from "../workers/worker-files.ts";
import { runWorkers, throwIfCancelled } from "../workers/worker-group.ts";
import { STORE_DIRECTORY_MODE, STORE_MTIME_SECONDS } from "./link-tree.ts";
import type { TreeWorkerData } from "./tree-worker.ts";

export interface TreeStrategyInit {
  /** The real directory of the store paths. */
  readonly physicalStoreDir: string;
  /** Where views are built, for the probe. */
  readonly viewsDir: string;
  /** Linking is bound by the file system's locks: more than a few threads do not help; fewer for small closures. @default 2 */
  readonly workerCount?: number;
}

const DEFAULT_WORKER_COUNT = 2;

/**
 * A view as a tree of hard links: works on every kernel and for pods with
 * their own user namespace. Store and views must be on one file system and one mount.
 */
export class TreeStrategy implements ViewStrategy {
  readonly name = "tree";
  readonly #init: TreeStrategyInit;

  constructor(init: TreeStrategyInit) {
    this.#init = init;
  }

  async probe(signal: AbortSignal): Promise<ProbeResult> {
    throwIfCancelled(signal);
    const { physicalStoreDir, viewsDir } = this.#init;
    try {
      await linkOneFile(physicalStoreDir, viewsDir);
      return { ok: true };
    } catch (error) {
      const code = systemErrorCode(error) ?? "failed";
      const reason = `${crossDeviceReason({ physicalStoreDir, viewDir: viewsDir })} (${code})`;
      return { ok: false, reason, advice: probeAdvice(code) };
    }
  }

  async build(plan: ViewPlan, viewDir: string, signal: AbortSignal): Promise<void> {
    try {
      await this.#build(plan, join(viewDir, "root"), signal);
    } catch (error) {
      throw viewBuildError(error, { viewDir, physicalStoreDir: plan.physicalStoreDir });
    }
  }

  /** A tree is visible as soon as it exists. */
  async activate(_viewDir: string, _physicalStoreDir: string, signal: AbortSignal): Promise<void> {
    throwIfCancelled(signal);
  }

  async deactivate(): Promise<void> {
    // Nothing was mounted.
  }

  async #build(plan: ViewPlan, rootDir: string, signal: AbortSignal): Promise<void> {
    const contents = viewContents(plan);
    const directories = ["", ...contents.directories].map((path) => join(rootDir, path));
    for (const directory of directories) await mkdir(directory);
    for (const { path, target } of contents.links) await symlinkOfStore(target, join(rootDir, path));
    const workerData: TreeWorkerData = {
      physicalStoreDir: plan.physicalStoreDir,
      targetDir: join(rootDir, contents.storeDir),
      baseNames: plan.closure.map((info) => storePathBaseName(info.path)),
      queue: createWorkQueue(),
    };
    const count = workerCountFor(plan.closure.length, this.#init.workerCount ?? DEFAULT_WORKER_COUNT);
    await runWorkers({ file: workerFile("tree-worker"), count, workerData }, signal);
    for (const directory of directories.reverse()) await finishDirectory(directory);
  }
}

async function symlinkOfStore(target: string, path: string): Promise<void> {
  await symlink(target, path);
  await lutimes(path, STORE_MTIME_SECONDS, STORE_MTIME_SECONDS);
}

async function finishDirectory(path: string): Promise<void> {
  await chmod(path, STORE_DIRECTORY_MODE);
  await utimes(path, STORE_MTIME_SECONDS, STORE_MTIME_SECONDS);
}

async function linkOneFile(physicalStoreDir: string, viewsDir: string): Promise<void> {
  const sourceDir = await mkdtemp(join(physicalStoreDir, ".niphas-probe-"));
  try {
    const targetDir = await mkdtemp(join(viewsDir, ".tmp-probe-"));
    try {
      await writeFile(join(sourceDir, "file"), "");
      await link(join(sourceDir, "file"), join(targetDir, "file"));
      await stat(join(targetDir, "file"));
    } finally {
      await rm(targetDir, { recursive: true, force: true });
    }
  } finally {
    await rm(sourceDir, { recursive: true, force: true });
  }
}

function probeAdvice(code: string): string {
  if (code === "EXDEV") return CROSS_DEVICE_ADVICE;
  if (code === "ENOENT") return "create both directories";
  if (code === "EPERM" || code === "EACCES" || code === "EROFS") return "run as the owner of both, with both writable";
  return "see the error code";
}
