import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { NiphasError } from "@niphas/core";
import type { Mounter, ProbeResult, ViewPlan, ViewStrategy } from "../ports.ts";
import { runTool } from "../tools/tool.ts";
import { viewBuildError } from "../workers/build-error.ts";
import { throwIfCancelled } from "../workers/worker-group.ts";
import { ImageMaker, type ImageMakerInit } from "./image.ts";
import { probeComposefs } from "./probe.ts";

export interface ComposefsStrategyInit extends ImageMakerInit {
  /** The program mount.composefs; a name is looked up on PATH. @default "mount.composefs" */
  readonly mountComposefs?: string;
  /** Where views are built; the probe builds a tiny one there. */
  readonly viewsDir: string;
}

const IMAGE_NAME = "image.cfs";
const ROOT_NAME = "root";
const MOUNT_DEADLINE_MS = 30_000;

/**
 * A view as a composefs image: one mount of EROFS metadata over the store's
 * own files, so nothing is linked or copied. Chosen only where {@link probe}
 * has shown an exact root.
 */
export class ComposefsStrategy implements ViewStrategy {
  readonly name = "composefs";
  readonly #mounter: Mounter;
  readonly #init: ComposefsStrategyInit;
  readonly #images: ImageMaker;

  constructor(components: { readonly mounter: Mounter }, init: ComposefsStrategyInit) {
    this.#mounter = components.mounter;
    this.#init = init;
    this.#images = new ImageMaker(init);
  }

  async probe(signal: AbortSignal): Promise<ProbeResult> {
    throwIfCancelled(signal);
    return await probeComposefs(this, this.#mountTool(), this.#init.viewsDir, signal);
  }

  async build(plan: ViewPlan, viewDir: string, signal: AbortSignal): Promise<void> {
    throwIfCancelled(signal);
    try {
      await mkdir(join(viewDir, ROOT_NAME));
      await this.#images.make(plan, join(viewDir, IMAGE_NAME), signal);
    } catch (error) {
      throw viewBuildError(error, { viewDir, physicalStoreDir: plan.physicalStoreDir });
    }
  }

  async activate(viewDir: string, physicalStoreDir: string, signal: AbortSignal): Promise<void> {
    throwIfCancelled(signal);
    const rootDir = join(viewDir, ROOT_NAME);
    if (this.#mounter.isMountPoint(rootDir)) return;
    assertPlainOption(physicalStoreDir);
    const args = ["-o", `basedir=${physicalStoreDir},ro`, "--", join(viewDir, IMAGE_NAME), rootDir];
    // Not cut off by the signal: it mounts the image under /tmp for a moment, and would leave that behind.
    await runTool(this.#mountTool(), args, { deadlineMs: MOUNT_DEADLINE_MS });
    if (this.#mounter.isMountPoint(rootDir)) return;
    throw new NiphasError("ViewUnavailable", "mount.composefs succeeded but the view is not mounted");
  }

  async deactivate(viewDir: string): Promise<void> {
    this.#mounter.unmountAll(join(viewDir, ROOT_NAME));
  }

  #mountTool(): string {
    return this.#init.mountComposefs ?? "mount.composefs";
  }
}

/** Commas and colons separate mount options and base directories, with no way to write them otherwise. */
function assertPlainOption(physicalStoreDir: string): void {
  if (!/[,:\\]/.test(physicalStoreDir)) return;
  throw new NiphasError("ViewUnavailable", "composefs cannot use a store whose path has a comma, colon or backslash");
}
