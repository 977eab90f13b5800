import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseStorePath, type StorePath } from "@niphas/core";
import { nixEnvironment, runCommand } from "@niphas/testing";
import type { Platform } from "./platform.ts";

/** What a flake's package evaluates to. */
export interface Evaluation {
  readonly drvPath: string;
  readonly mainProgram: string;
}

export interface BuilderInit {
  /** Holds the build store, the keys and Nix's caches; belongs to the caller. */
  readonly directory: string;
  readonly flake: string;
}

const EVALUATE = "package: { inherit (package) drvPath; inherit (package.meta) mainProgram; }";
const OPTIONS = ["--option", "build-users-group", "", "--option", "substituters", ""];

/** Real Nix on the example's flake: evaluates, builds into a store of its own, signs, fills a binary cache. */
export class Builder {
  readonly #platform: Platform;
  readonly #init: BuilderInit;
  readonly #storeDir: string;

  constructor(platform: Platform, init: BuilderInit) {
    this.#platform = platform;
    this.#init = init;
    this.#storeDir = join(init.directory, "store");
    mkdirSync(this.#storeDir, { recursive: true });
  }

  /** For example `nix (Nix) 2.34.8`. */
  async nixVersion(): Promise<string> {
    return this.#nix(["--version"]);
  }

  async evaluate(system: string): Promise<Evaluation> {
    const attribute = `${this.#init.flake}#packages.${system}.default`;
    return JSON.parse(await this.#nix(["eval", "--json", "--apply", EVALUATE, "--store", this.#storeDir, attribute]));
  }

  /** Builds one package of the flake for this machine. */
  async build(name: string): Promise<StorePath> {
    const attribute = `${this.#init.flake}#${name}`;
    const output = await this.#nix(["build", "--json", "--no-link", "--store", this.#storeDir, attribute]);
    const [built]: { outputs: { out: string } }[] = JSON.parse(output);
    return parseStorePath(built?.outputs.out ?? "");
  }

  /** The closure of a path, sizes in bytes. */
  async closure(root: StorePath): Promise<readonly { readonly path: StorePath; readonly sizeBytes: number }[]> {
    const output = await this.#nix(["path-info", "--recursive", "--size", "--store", this.#storeDir, root]);
    return output.split("\n").map((line) => {
      const [path = "", size = ""] = line.trim().split(/\s+/);
      return { path: parseStorePath(path), sizeBytes: Number(size) };
    });
  }

  /** Signs the closures with a fresh key and copies them into a binary cache directory. @returns the public key */
  async push(roots: readonly StorePath[], cacheDir: string): Promise<string> {
    const keyFile = join(this.#init.directory, "demo.key");
    const secretKey = await this.#nix(["key", "generate-secret", "--key-name", "niphas-demo-1"]);
    writeFileSync(keyFile, secretKey, { mode: 0o600 });
    const publicKey = await this.#nix(["key", "convert-secret-to-public"], secretKey);
    await this.#nix(["store", "sign", "--recursive", "--key-file", keyFile, "--store", this.#storeDir, ...roots]);
    await this.#nix(["copy", "--from", this.#storeDir, "--to", `file://${cacheDir}?compression=zstd`, ...roots]);
    return publicKey;
  }

  async #nix(args: readonly string[], input = ""): Promise<string> {
    const features = ["--extra-experimental-features", "nix-command flakes"];
    const options = args[0] === "--version" ? [] : [...features, ...OPTIONS];
    const env = { ...process.env, ...nixEnvironment(this.#init.directory), ...this.#platform.env };
    const { stdout } = await runCommand([...this.#platform.wrapper, "nix", ...args, ...options], { env, input });
    return stdout.trim();
  }
}
