import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseStorePath, type StorePath } from "@niphas/core";
import type { StoreLocation } from "@niphas/nix";
import { runCommand } from "../processes/run-command.ts";
import { type ClosureOptions, inventStorePath, planClosure, plannedTree } from "./closure-shape.ts";
import { type NarDigest, narDigest } from "./nar.ts";
import { FAST_NIX_OPTIONS, nixEnvironment } from "./nix-environment.ts";
import { type SigningKey, signingKey } from "./signing-key.ts";
import type { Tree } from "./tree.ts";
import { writeTree } from "./write-tree.ts";

export interface TestStoreInit {
  /** @default the key named `niphas-test-1` */
  readonly key?: SigningKey;
  /** For the key file and Nix's caches. @default `nix-scratch` beside the store */
  readonly scratchDir?: string;
}

export interface TestClosure {
  readonly root: StorePath;
  /** Root first. */
  readonly paths: readonly StorePath[];
  /** The sha256 of each path's NAR in hex. */
  readonly narSha256: ReadonlyMap<StorePath, string>;
}

interface Registration extends NarDigest {
  readonly path: StorePath;
  readonly references: readonly StorePath[];
}

const MAX_PATHS_PER_COMMAND = 500;

/**
 * A chroot store of real Nix, filled in seconds: trees are written straight
 * into it and registered by one `nix-store --load-db`. The directory belongs to the caller.
 */
export class TestStore {
  readonly location: StoreLocation;
  readonly key: SigningKey;
  /** `name:base64`, for `trusted-public-keys`. */
  readonly publicKey: string;
  readonly #scratchDir: string;
  readonly #keyFile: string;

  private constructor(dir: string, init: TestStoreInit) {
    this.location = { rootDir: dir };
    this.key = init.key ?? signingKey();
    this.publicKey = this.key.publicKey;
    this.#scratchDir = init.scratchDir ?? join(dir, "..", "nix-scratch");
    this.#keyFile = join(this.#scratchDir, `key-${this.publicKey.split(":")[0]}`);
  }

  /** Opens or makes the store in `dir`. */
  static async create(dir: string, init: TestStoreInit = {}): Promise<TestStore> {
    const store = new TestStore(dir, init);
    mkdirSync(join(dir, "nix/store"), { recursive: true });
    mkdirSync(store.#scratchDir, { recursive: true });
    writeFileSync(store.#keyFile, store.key.secretKey, { mode: 0o600 });
    await store.nixStore(["--init"]);
    return store;
  }

  /** Where the bytes of a path lie on this machine. */
  physicalPath(path: StorePath): string {
    return join(this.location.rootDir, path);
  }

  /** Adds a signed closure of invented packages. */
  async addClosure(options: ClosureOptions): Promise<TestClosure> {
    const planned = planClosure(options);
    const registrations = planned.map((each) => {
      const tree = plannedTree(each, options);
      writeTree(tree, this.physicalPath(each.path));
      return { path: each.path, references: each.references, ...narDigest(tree) };
    });
    await this.#register(registrations);
    const paths = planned.map((each) => each.path);
    await this.sign(paths);
    const root = paths[0];
    if (root === undefined) throw new Error("a closure needs at least one path");
    return { root, paths, narSha256: new Map(registrations.map((each) => [each.path, each.sha256Hex])) };
  }

  /** Adds one path with this content; signed unless `signed` is false. */
  async addTree(
    tree: Tree,
    name: string,
    options: { readonly references?: readonly StorePath[]; readonly signed?: boolean } = {},
  ): Promise<StorePath> {
    const digest = narDigest(tree);
    const references = options.references ?? [];
    const path = inventStorePath(JSON.stringify([digest, references, name]), name);
    writeTree(tree, this.physicalPath(path));
    await this.#register([{ path, references, ...digest }]);
    if (options.signed !== false) await this.sign([path]);
    return path;
  }

  /** Signs these paths (not what they refer to) with the store's key. */
  async sign(paths: readonly StorePath[]): Promise<void> {
    for (let start = 0; start < paths.length; start += MAX_PATHS_PER_COMMAND) {
      const batch = paths.slice(start, start + MAX_PATHS_PER_COMMAND);
      await this.nix(["store", "sign", "--store", this.location.rootDir, "-k", this.#keyFile, ...batch]);
    }
  }

  /** Copies the closures of `roots` into a binary cache directory with `nix copy`. */
  async copyToCache(
    cacheDir: string,
    roots: readonly StorePath[],
    options: { readonly compression: "none" | "xz" | "zstd" } = { compression: "none" },
  ): Promise<void> {
    mkdirSync(cacheDir, { recursive: true });
    writeFileSync(join(cacheDir, "nix-cache-info"), "StoreDir: /nix/store\nWantMassQuery: 1\nPriority: 40\n");
    if (roots.length === 0) return;
    const url = `file://${cacheDir}?compression=${options.compression}`;
    await this.nix(["copy", "--no-check-sigs", "--from", this.location.rootDir, "--to", url, ...roots]);
  }

  /** Adds a file or directory content-addressed, without a signature, as `nix-store --add` does. */
  async addContentAddressed(source: string): Promise<StorePath> {
    const { stdout } = await this.nixStore(["--add", source]);
    return parseStorePath(stdout.trim());
  }

  /** Whether the database holds the path. */
  async isValid(path: StorePath): Promise<boolean> {
    const { exitCode } = await this.nixStore(["--check-validity", path], true);
    return exitCode === 0;
  }

  /** Those of `paths` that the database does not hold. */
  async invalidPaths(paths: readonly StorePath[]): Promise<readonly StorePath[]> {
    const invalid: StorePath[] = [];
    for (let start = 0; start < paths.length; start += MAX_PATHS_PER_COMMAND) {
      const batch = paths.slice(start, start + MAX_PATHS_PER_COMMAND);
      const { stdout } = await this.nixStore(["--check-validity", "--print-invalid", ...batch], true);
      invalid.push(
        ...stdout
          .split("\n")
          .filter((line) => line !== "")
          .map(parseStorePath),
      );
    }
    return invalid;
  }

  /** Deletes all that no root holds. */
  async collectGarbage(): Promise<void> {
    await this.nixStore(["--gc"]);
  }

  /** `nix-store --store <this> <args>`, with no configuration of this machine. */
  async nixStore(args: readonly string[], allowFailure = false, input = "") {
    const argv = ["nix-store", "--store", this.location.rootDir, ...FAST_NIX_OPTIONS, ...args];
    return runCommand(argv, { env: nixEnvironment(this.#scratchDir), allowFailure, input });
  }

  /** `nix <args>`, with no configuration of this machine. */
  async nix(args: readonly string[]) {
    const argv = ["nix", "--extra-experimental-features", "nix-command", ...args, ...FAST_NIX_OPTIONS];
    return runCommand(argv, { env: nixEnvironment(this.#scratchDir) });
  }

  async #register(registrations: readonly Registration[]): Promise<void> {
    await this.nixStore(["--load-db"], false, registrations.map(registrationText).join(""));
  }
}

/** One record of `nix-store --load-db`: path, hash, size, deriver (none), references. */
function registrationText(registration: Registration): string {
  const { path, sha256Hex, sizeBytes, references } = registration;
  return `${[path, sha256Hex, sizeBytes, "", references.length, ...references].join("\n")}\n`;
}
