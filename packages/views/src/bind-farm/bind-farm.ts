import {
  chmodSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { NiphasError, storePathBaseName } from "@niphas/core";
import { type ContentLink, viewContents } from "../contents/view-contents.ts";
import { LinuxMounter } from "../linux/mounter.ts";
import { isSharedMount } from "../linux/mountinfo.ts";
import { bindMount, makeReadOnly, mountTmpfs } from "../linux/sandbox.ts";
import type { ViewPlan } from "../ports.ts";

const DIRECTORY_MODE = 0o555;
const FILE_MODE = 0o444;
const MTIME_SECONDS = 1;

/**
 * Shows a closure at `targetDir`, an existing directory, by one bind mount for
 * each store path: the view for ordinary users, who may neither mount composefs nor link
 * root's files. Synchronous; about 30 microseconds for each path. All mounts
 * end with the mount namespace, which must be a private one of this program:
 * hundreds of mounts are nothing to put into a shared one, and no volume is made this way.
 * @throws NiphasError MountFailed, also when what is mounted at `targetDir` would be seen elsewhere
 */
export function assembleBindFarm(plan: ViewPlan, targetDir: string): void {
  if (isSharedMount(readFileSync("/proc/self/mountinfo", "utf8"), targetDir)) {
    throw new NiphasError("MountFailed", "a bind farm needs a mount namespace of its own whose mounts are private");
  }
  mountTmpfs(targetDir, DIRECTORY_MODE);
  try {
    fill(plan, targetDir);
  } catch (error) {
    new LinuxMounter().unmountAll(targetDir);
    throw error;
  }
}

function fill(plan: ViewPlan, targetDir: string): void {
  const contents = viewContents(plan);
  for (const directory of contents.directories) mkdirSync(join(targetDir, directory), DIRECTORY_MODE);
  const storeDir = join(targetDir, contents.storeDir);
  for (const { path } of plan.closure) {
    const baseName = storePathBaseName(path);
    show(join(plan.physicalStoreDir, baseName), join(storeDir, baseName));
  }
  for (const link of contents.links) makeLink({ ...link, path: join(targetDir, link.path) });
  for (const directory of ["", ...contents.directories]) finish(join(targetDir, directory));
  makeReadOnly(targetDir, true);
}

function show(source: string, target: string): void {
  const stats = lstatSync(source);
  if (stats.isSymbolicLink()) {
    makeLink({ path: target, target: readlinkSync(source, "buffer") });
    return;
  }
  if (stats.isDirectory()) mkdirSync(target, DIRECTORY_MODE);
  else writeFileSync(target, "", { mode: FILE_MODE });
  bindMount(source, target, { isReadOnly: false });
}

function makeLink(link: { readonly path: ContentLink["path"]; readonly target: string | Buffer }): void {
  symlinkSync(link.target, link.path);
  setTime(link.path);
}

/** The umask had its say when the directory was made. */
function finish(directory: string): void {
  chmodSync(directory, DIRECTORY_MODE);
  setTime(directory);
}

function setTime(path: string): void {
  lutimesSync(path, MTIME_SECONDS, MTIME_SECONDS);
}
