import { readdirSync } from "node:fs";
import { join } from "node:path";
import { type StorePath, storePathBaseName } from "@niphas/core";
import { narDigest, readTree } from "@niphas/testing";
import type { Closure } from "../closures/closure-source.ts";
import { difference } from "./inside.ts";

/** What is beside the closure in /nix/store. */
const EXTRAS = [".roots"];

/**
 * Reads every byte of a closure through a pod's mount, from outside of the pod: works while the kubelet and the
 * container runtime are down. One line for each fault.
 */
export class ContentsOracle {
  readonly #physicalPath: (path: StorePath) => string;
  /** Digests of what was built; store paths never change. */
  readonly #built = new Map<StorePath, string>();

  /** @param physicalPath where the bytes of a path lie that was built */
  constructor(physicalPath: (path: StorePath) => string) {
    this.#physicalPath = physicalPath;
  }

  /** @param directory the volume's /nix/store, as this process reaches it */
  faultsOf(directory: string, closure: Closure): readonly string[] {
    const expected = [...closure.paths.map(storePathBaseName), ...EXTRAS];
    const changed = closure.paths.filter(
      (path) => digestOf(join(directory, storePathBaseName(path))) !== this.#of(path),
    );
    return [...difference(namesIn(directory), expected), ...changed.map((path) => `not what was built: ${path}`)];
  }

  #of(path: StorePath): string {
    const digest = this.#built.get(path) ?? narDigest(readTree(this.#physicalPath(path))).sha256Hex;
    this.#built.set(path, digest);
    return digest;
  }
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    // Nothing is mounted there: everything is missing.
    return [];
  }
}

function digestOf(path: string): string | undefined {
  try {
    return narDigest(readTree(path)).sha256Hex;
  } catch {
    // Unreadable is as bad as different.
    return undefined;
  }
}
