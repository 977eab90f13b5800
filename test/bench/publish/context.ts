import { existsSync, mkdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { bundleNiphas, detachMountsBelow, signingKey, type TestClosure, TestStore, waitUntil } from "@niphas/testing";
import type { RunControl } from "../scenario.ts";
import { PluginRig } from "./plugin-rig.ts";

/** What the scenarios of one run share: one plugin state whose store holds both closures. */
export interface PublishContext {
  readonly control: RunControl;
  /**
   * A new empty directory of the run, on the store's file system. Nothing is deleted before the run ends: ext4 passes
   * over inodes that were deleted in the last minute one by one, and who comes next would pay for it.
   */
  newDirectory(name: string): string;
  /** The plugin's program. */
  readonly bundleFile: string;
  readonly store: TestStore;
  /** 200 paths, 10,000 files. */
  readonly small: TestClosure;
  /** 2,000 paths, 60,000 files. */
  readonly large: TestClosure;
  /** A binary cache of the small closure, uncompressed. */
  readonly cacheDir: string;
  /** Starts the plugin on the shared state; one at a time. */
  startPlugin(view: "composefs" | "tree"): Promise<PluginRig>;
  /** Makes the next publish build its view; while no plugin runs. */
  forgetViews(): Promise<void>;
}

export async function prepareContext(control: RunControl): Promise<PublishContext> {
  const baseDir = join(control.directory, "shared");
  let count = 0;
  const newDirectory = (name: string): string => {
    const path = join(control.directory, `${name}-${count++}`);
    mkdirSync(path);
    return path;
  };
  const bundleFile = await bundleNiphas(newDirectory("bundle"));
  const viewsDir = join(baseDir, "state/views");
  const { publicKey } = signingKey();
  const startPlugin: PublishContext["startPlugin"] = async (view) =>
    PluginRig.start({ baseDir, bundleFile, publicKey, view });
  await recordBoot(startPlugin, join(baseDir, "state/boot.json"));
  const store = await TestStore.create(join(baseDir, "state/store"));
  control.report("making a closure of 200 paths and 10,000 files");
  const small = await store.addClosure({ name: "bench-200", pathCount: 200, fileCount: 10_000 });
  control.signal.throwIfAborted();
  control.report("making a closure of 2,000 paths and 60,000 files");
  const large = await store.addClosure({ name: "bench-2000", pathCount: 2000, fileCount: 60_000 });
  const cacheDir = join(control.directory, "cache");
  await store.copyToCache(cacheDir, [small.root], { compression: "none" });
  return {
    control,
    cacheDir,
    store,
    small,
    large,
    newDirectory,
    bundleFile,
    startPlugin,
    forgetViews: async () => {
      await detachMountsBelow(viewsDir);
      if (existsSync(viewsDir)) renameSync(viewsDir, join(newDirectory("old-views"), "views"));
    },
  };
}

/** Otherwise the plugin would take a store that others filled for one that was there before the machine's last boot. */
async function recordBoot(startPlugin: PublishContext["startPlugin"], recordFile: string): Promise<void> {
  await using _rig = await startPlugin("tree");
  await waitUntil("the plugin's record of this boot", () => existsSync(recordFile));
}
