import { NiphasError } from "@niphas/core";
import type { NixSettings } from "../ports.ts";
import { type NixOptionsInit, nixOptions } from "../settings/nix-options.ts";
import { type NixVersion, parseNixVersion } from "../settings/nix-version.ts";
import { storeUri } from "../store/layout.ts";
import { nixEnvironment } from "./environment.ts";
import { type ProcessRequest, type ProcessResult, runProcess } from "./run-process.ts";

const VERSION_TIMEOUT_MS = 10_000;

export interface NixRunnerInit extends NixOptionsInit {
  /** Added to the environment of every Nix process. Default none. */
  readonly environment?: Readonly<Record<string, string>>;
}

export type NixRequest = Pick<
  ProcessRequest,
  "signal" | "timeoutMs" | "killGraceMs" | "maxStdoutBytes" | "onStderrLine"
> & {
  /** Operation and arguments; put `--` before what others have written. */
  readonly args: readonly string[];
  /** Instead of those of the settings. */
  readonly substituters?: readonly string[];
};

/** Runs Nix's programs on one store with the settings of one {@link NixSettings} and nothing else. */
export class NixRunner {
  readonly settings: NixSettings;
  readonly #init: NixRunnerInit;
  #version: Promise<NixVersion> | undefined;

  constructor(settings: NixSettings, init: NixRunnerInit = {}) {
    this.settings = settings;
    this.#init = init;
  }

  /**
   * The installed version, asked for once.
   * @throws NiphasError CommandFailed, InvalidConfiguration
   */
  version(): Promise<NixVersion> {
    this.#version ??= this.#detectVersion().catch((error: unknown) => {
      this.#version = undefined;
      throw error;
    });
    return this.#version;
  }

  /** @throws NiphasError CommandFailed when Nix is not there */
  async run(program: "nix" | "nix-store", request: NixRequest): Promise<ProcessResult> {
    const { args, substituters = this.settings.substituters, ...rest } = request;
    const options = nixOptions({ ...this.settings, substituters }, await this.version(), this.#init);
    return await runProcess({
      ...rest,
      command: program,
      args: ["--store", storeUri(this.settings.store), ...options, ...args],
      environment: this.#environment(),
    });
  }

  async #detectVersion(): Promise<NixVersion> {
    const result = await runProcess({
      // Not `nix-store --version`: that opens the machine's own store first, which this user may not reach.
      command: "nix",
      args: ["--version"],
      environment: this.#environment(),
      signal: new AbortController().signal,
      timeoutMs: VERSION_TIMEOUT_MS,
    });
    if (result.exitCode !== 0) throw new NiphasError("CommandFailed", "nix --version failed: is Nix installed?");
    return parseNixVersion(result.stdout);
  }

  #environment(): Record<string, string> {
    return { ...nixEnvironment(this.settings.cacheDir), ...this.#init.environment };
  }
}
