import { join } from "node:path";
import type { CacheFile } from "../ports.ts";
import { LocalFiles } from "../upstream/local-files.ts";

/** A derivation's base name as in a store path. libstore/path.cc */
const DERIVATION = /^[0-9abcdfghijklmnpqrsvwxyz]{32}-[0-9a-zA-Z+\-._?=]{1,207}\.drv$/;

/** Build logs of the node's own store, as Nix keeps them below `/nix/var/log/nix/drvs`: libstore/log-store.cc, local-fs-store.cc. */
export class NodeLogs {
  readonly #files: LocalFiles;

  /** @param init.rootDir what stands before `/nix` */
  constructor(init: { readonly rootDir: string }) {
    this.#files = new LocalFiles({ name: "the node's logs", directory: join(init.rootDir, "nix/var/log/nix/drvs") });
  }

  /** @param derivation base name; anything that is none has no log */
  async open(derivation: string, signal: AbortSignal): Promise<CacheFile | undefined> {
    if (!isDerivationName(derivation)) return undefined;
    const name = join(derivation.slice(0, 2), derivation.slice(2));
    const plain = await this.#files.open(name, 0, signal);
    if (plain !== undefined) return plain;
    const compressed = await this.#files.open(`${name}.bz2`, 0, signal);
    // Nix undoes this encoding itself.
    return compressed === undefined ? undefined : { ...compressed, contentEncoding: "bzip2" };
  }
}

export function isDerivationName(text: string): boolean {
  return DERIVATION.test(text);
}
