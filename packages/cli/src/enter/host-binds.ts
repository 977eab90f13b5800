import { lstatSync, mkdirSync, type Stats, writeFileSync } from "node:fs";
import { NiphasError, systemErrorCode } from "@niphas/core";
import { bindMount } from "@niphas/views";
import type { EnterBind } from "./enter-spec.ts";

/**
 * Mounts the host's files and directories below `rootDir`, outer ones first.
 * A mount point is made where there is none, but never inside a directory of
 * the host and never through a symbolic link: both would lead out of the root.
 * @throws NiphasError InvalidRequest, MountFailed
 */
export function mountHostBinds(rootDir: string, binds: readonly EnterBind[]): void {
  const mounted: string[] = [];
  for (const bind of binds) {
    const isInsideOther = mounted.some((target) => bind.target.startsWith(`${target}/`));
    makeMountPoint(rootDir, bind, isInsideOther);
    bindMount(bind.source, `${rootDir}${bind.target}`, { isRecursive: bind.isDirectory, isReadOnly: bind.isReadOnly });
    mounted.push(bind.target);
  }
}

function makeMountPoint(rootDir: string, bind: EnterBind, isInsideOther: boolean): void {
  const parts = bind.target.split("/").slice(1);
  let path = rootDir;
  parts.forEach((part, index) => {
    path = `${path}/${part}`;
    const wantsDirectory = index < parts.length - 1 || bind.isDirectory;
    const found = statOf(path);
    if (found === undefined) makeEntry(path, wantsDirectory, bind, isInsideOther);
    else refuseUnfit(found, wantsDirectory, bind);
  });
}

function makeEntry(path: string, wantsDirectory: boolean, bind: EnterBind, isInsideOther: boolean): void {
  if (isInsideOther) {
    throw invalid(`--bind to ${bind.target} lies inside another --bind and is not there: make it on the host first`);
  }
  if (wantsDirectory) mkdirSync(path);
  else writeFileSync(path, "");
}

function refuseUnfit(found: Stats, wantsDirectory: boolean, bind: EnterBind): void {
  if (found.isSymbolicLink()) {
    throw invalid(`--bind to ${bind.target} leads through a symbolic link: give the directory that it points to`);
  }
  if (found.isDirectory() !== wantsDirectory) {
    const kinds = wantsDirectory ? "a directory, but a file is there" : "a file, but a directory is there";
    throw invalid(`--bind to ${bind.target} needs ${kinds}: give another DST`);
  }
}

function statOf(path: string): Stats | undefined {
  try {
    return lstatSync(path);
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

function invalid(message: string): NiphasError {
  return new NiphasError("InvalidRequest", message);
}
