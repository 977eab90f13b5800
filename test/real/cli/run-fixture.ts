import { chmodSync, chownSync, lstatSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { type TemporaryDirectory, TestStore, temporaryDirectory } from "@niphas/testing";
import {
  type CliOptions,
  type CliResult,
  niphas,
  ORDINARY_UID,
  type RunningCli,
  startCli,
  type UserKind,
} from "./cli.ts";
import { addPrograms, type ProgramClosure } from "./program-closure.ts";

/** A store with real programs that belongs to one kind of user, and niphas with a state directory of its own. */
export class RunFixture implements AsyncDisposable {
  readonly user: UserKind;
  readonly directory: TemporaryDirectory;
  readonly store: TestStore;
  readonly programs: ProgramClosure;
  readonly stateDir: string;

  private constructor(user: UserKind, directory: TemporaryDirectory, store: TestStore, programs: ProgramClosure) {
    this.user = user;
    this.directory = directory;
    this.store = store;
    this.programs = programs;
    this.stateDir = directory.join("state");
  }

  static async create(user: UserKind): Promise<RunFixture> {
    const directory = temporaryDirectory("cli");
    try {
      return await RunFixture.#createIn(directory, user);
    } catch (error) {
      await directory[Symbol.asyncDispose]();
      throw error;
    }
  }

  static async #createIn(directory: TemporaryDirectory, user: UserKind): Promise<RunFixture> {
    const storeDir = directory.join("state", "store");
    const store = await TestStore.create(storeDir);
    const programs = await addPrograms(store, directory.join("programs"));
    const fixture = new RunFixture(user, directory, store, programs);
    chmodSync(directory.path, 0o755);
    mkdirSync(directory.join("host"));
    if (user === "ordinary user") for (const name of ["state", "host"]) giveAway(directory.join(name));
    return fixture;
  }

  /** `niphas run` with this store and without any binary cache. */
  runArguments(args: readonly string[]): readonly string[] {
    return [
      "run",
      "--state-dir",
      this.stateDir,
      "--store",
      this.store.location.rootDir,
      "--substituter",
      // Nix makes the directory of a binary cache that is not there.
      `file://${this.stateDir}/no-cache`,
      ...args,
    ];
  }

  async run(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
    return await niphas(this.runArguments(args), this.#options(options));
  }

  start(args: readonly string[], options: CliOptions = {}): RunningCli {
    return startCli(this.runArguments(args), this.#options(options));
  }

  /** Runs a shell script inside and gives what it printed, by lines. @throws when it fails */
  async script(text: string, args: readonly string[] = [], options: CliOptions = {}): Promise<readonly string[]> {
    const result = await this.run([this.programs.root, "--entrypoint", "bin/sh", ...args, "--", "-c", text], options);
    if (result.exitCode !== 0) throw new Error(`the script ended with ${result.exitCode}: ${result.stderr}`);
    return result.stdout.trimEnd().split("\n");
  }

  /** What runs that are over have left in the state directory and the store's roots; empty when all is well. */
  leftovers(): readonly string[] {
    const roots = join(this.store.location.rootDir, "nix/var/nix/gcroots/niphas-run");
    return [join(this.stateDir, "roots"), join(this.stateDir, "gcroots"), roots].flatMap(list);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.directory[Symbol.asyncDispose]();
  }

  #options(options: CliOptions): CliOptions {
    return { as: this.user, mountPoint: this.directory.join("repository"), cwd: "/", ...options };
  }
}

function giveAway(path: string): void {
  const stats = lstatSync(path);
  if (stats.isSymbolicLink()) return;
  chownSync(path, ORDINARY_UID, ORDINARY_UID);
  if (stats.isDirectory()) for (const name of readdirSync(path)) giveAway(join(path, name));
}

function list(dir: string): readonly string[] {
  try {
    return readdirSync(dir).map((name) => join(dir, name));
  } catch {
    // Nothing was ever made there.
    return [];
  }
}
