import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  unlinkSync,
} from "node:fs";
import { join } from "node:path";
import { NiphasError, parseStorePath, type StorePath, storePathBaseName, systemErrorCode } from "@niphas/core";
import { withDiskErrors } from "../disk/space.ts";
import type { GcRoots, StoreLocation } from "../ports.ts";
import { storeLayout } from "../store/layout.ts";

const OWNER = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

export interface GcRootsInit {
  /** The directory below `gcroots/` that is ours alone. Default `niphas`. */
  readonly directoryName?: string;
}

/**
 * Direct roots: links to the logical `/nix/store/…` below `gcroots/`, which a
 * collector reads whatever mounts and processes it sees. Indirect roots and
 * `/proc` would not do: a collector in another namespace drops or misses them.
 */
export function createGcRoots(location: StoreLocation, init: GcRootsInit = {}): GcRoots {
  const layout = storeLayout(location);
  return new DirectGcRoots(join(layout.gcRootsDir, init.directoryName ?? "niphas"), layout.stateDir);
}

class DirectGcRoots implements GcRoots {
  readonly #dir: string;
  readonly #stateDir: string;

  constructor(dir: string, stateDir: string) {
    this.#dir = dir;
    this.#stateDir = stateDir;
  }

  ownerDir(owner: string): string {
    if (!OWNER.test(owner)) throw new NiphasError("InvalidRequest", "not a name for an owner of roots");
    return join(this.#dir, owner);
  }

  owners(): readonly string[] {
    return listDirectory(this.#dir)
      .filter((entry) => entry.isDirectory() && OWNER.test(entry.name))
      .map((entry) => entry.name)
      .sort();
  }

  add(owner: string, roots: readonly StorePath[]): void {
    const dir = this.ownerDir(owner);
    withDiskErrors(this.#stateDir, () => {
      makeDirectory(dir);
      for (const root of roots) addLink(join(dir, storePathBaseName(root)), root);
    });
  }

  remove(owner: string): void {
    const dir = this.ownerDir(owner);
    withDiskErrors(this.#stateDir, () => removeDirectory(dir));
  }

  rootsOf(owner: string): readonly StorePath[] {
    const dir = this.ownerDir(owner);
    return listDirectory(dir)
      .filter((entry) => entry.isSymbolicLink())
      .map((entry) => readRoot(join(dir, entry.name)))
      .filter((root) => root !== undefined)
      .sort();
  }
}

/** The plain call first: with `recursive` Node.js says ENOENT where the system said EROFS. */
function makeDirectory(dir: string): void {
  try {
    mkdirSync(dir, { mode: 0o755 });
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === "EEXIST") return;
    if (code !== "ENOENT") throw error;
    mkdirSync(dir, { recursive: true, mode: 0o755 });
  }
}

/** One call per entry: errors of `rmSync` with `recursive` carry no code, so that a read-only disk could not be told. */
function removeDirectory(dir: string): void {
  try {
    for (const entry of listDirectory(dir)) {
      if (entry.isDirectory()) rmSync(join(dir, entry.name), { recursive: true, force: true });
      else unlinkSync(join(dir, entry.name));
    }
    rmdirSync(dir);
  } catch (error) {
    if (systemErrorCode(error) !== "ENOENT") throw error;
  }
}

function addLink(link: string, root: StorePath): void {
  try {
    symlinkSync(root, link);
  } catch (error) {
    if (systemErrorCode(error) !== "EEXIST") throw error;
    if (readRoot(link) !== root) replaceLink(link, root);
  }
}

/** Something else has our name there: replaced in one step, so that no collector sees a gap. */
function replaceLink(link: string, root: StorePath): void {
  const temporary = `${link}.new`;
  rmSync(temporary, { recursive: true, force: true });
  symlinkSync(root, temporary);
  try {
    renameSync(temporary, link);
  } catch (error) {
    if (systemErrorCode(error) !== "EISDIR") throw error;
    rmSync(link, { recursive: true, force: true });
    renameSync(temporary, link);
  }
}

/** Undefined when the link has gone or leads elsewhere. */
function readRoot(link: string): StorePath | undefined {
  try {
    return parseStorePath(readlinkSync(link));
  } catch {
    return undefined;
  }
}

function listDirectory(dir: string) {
  try {
    // A new owner has none yet, and an exception costs more than a system call.
    if (lstatSync(dir, { throwIfNoEntry: false }) === undefined) return [];
    return readdirSync(dir, { withFileTypes: true });
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return [];
    throw error;
  }
}
