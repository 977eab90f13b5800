import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { killGroup, LogCapture, runCommand } from "@niphas/testing";
import type { ContainerSpec } from "./enter.ts";

const ENTER = fileURLToPath(new URL("enter.ts", import.meta.url));

function commandLine(spec: ContainerSpec): readonly [string, ...string[]] {
  const namespaces = ["--mount", "--propagation", "private", "--pid", "--fork", "--kill-child"];
  return ["unshare", ...namespaces, "--", process.execPath, "--no-warnings", ENTER, JSON.stringify(spec)];
}

/** Runs a short program in a root that holds only the volume; answers with what it printed. */
export async function runInContainer(spec: ContainerSpec): Promise<string> {
  mkdirSync(spec.rootDir, { recursive: true });
  const { stdout, stderr } = await runCommand(commandLine(spec), { env: process.env, timeoutMs: 30_000 });
  return `${stdout}${stderr}`.trim();
}

/** A server in a root that holds only the volume. */
export class Container implements AsyncDisposable {
  readonly logs = new LogCapture();
  readonly #child: ChildProcess;

  private constructor(spec: ContainerSpec) {
    mkdirSync(spec.rootDir, { recursive: true });
    const [program, ...args] = commandLine(spec);
    const child = spawn(program, args, { detached: true, stdio: ["ignore", "pipe", "pipe"] });
    this.logs.read(child.stdout);
    this.logs.read(child.stderr);
    this.#child = child;
  }

  static start(spec: ContainerSpec): Container {
    return new Container(spec);
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.isRunning) {
      return;
    }
    const gone = once(this.#child, "exit");
    // Its init process dies with unshare, and the namespace with it.
    killGroup(this.#child, "SIGKILL");
    await gone;
  }
}
