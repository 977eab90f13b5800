import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type CommandOptions, type CommandResult, runCommand } from "@niphas/testing";

const KEEPER = join(import.meta.dirname, "keeper.sh");
const FIRST_PROCESS = "init";
const MAX_STDERR_CHARACTERS = 2_000;

export interface NamespacesInit {
  /** Removed after the last process in the namespaces has gone, also when this process is killed. */
  readonly directory: string;
  /** One network namespace for each; none is `init`. */
  readonly names: readonly string[];
  readonly signal: AbortSignal;
}

/**
 * Network namespaces, with one PID namespace around all that runs in them. They need no clean-up of ours: the kernel
 * ends everything when the pipe to their keeper breaks.
 */
export class Namespaces implements AsyncDisposable {
  /** A process of each network namespace and the first of the PID namespace, by our numbers. */
  readonly #pids: ReadonlyMap<string, number>;
  readonly #keeper: ChildProcess;

  private constructor(keeper: ChildProcess, pids: ReadonlyMap<string, number>) {
    this.#keeper = keeper;
    this.#pids = pids;
  }

  /** @throws Error with what the keeper says when the kernel allows no namespaces */
  static async start({ directory, names, signal }: NamespacesInit): Promise<Namespaces> {
    // A session of its own: what interrupts us from a terminal must not reach who cleans up after us.
    const keeper = spawn("sh", [KEEPER, directory, ...names], { detached: true, stdio: "pipe" });
    try {
      return new Namespaces(keeper, await readPids(keeper, names.length + 1, signal));
    } catch (error) {
      await end(keeper);
      throw error;
    }
  }

  /** The process that holds a network namespace: what `ip link add … netns` takes. */
  pidOf(name: string): number {
    const pid = this.#pids.get(name);
    if (pid === undefined) throw new Error(`there is no namespace ${name}`);
    return pid;
  }

  /** The command that runs `argv` in the network namespace and among its processes. */
  command(name: string, argv: readonly string[]): readonly string[] {
    const pidNamespace = ["--target", String(this.pidOf(FIRST_PROCESS)), "--pid"];
    return ["nsenter", ...pidNamespace, this.#network(name), "--", ...argv];
  }

  /** The command that runs `argv` in the network namespace, but among our own processes. */
  outsideCommand(name: string, argv: readonly string[]): readonly string[] {
    return ["nsenter", this.#network(name), "--", ...argv];
  }

  /** Runs a command that ends by itself. */
  run(name: string, argv: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
    return runCommand(this.command(name, argv), options);
  }

  /** Returns when every process inside has gone. */
  async [Symbol.asyncDispose](): Promise<void> {
    await end(this.#keeper);
  }

  #network(name: string): string {
    return `--net=/proc/${this.pidOf(name)}/ns/net`;
  }
}

async function readPids(keeper: ChildProcess, count: number, signal: AbortSignal): Promise<Map<string, number>> {
  const pids = new Map<string, number>();
  const errors: string[] = [];
  keeper.stderr?.on("data", (chunk: Buffer) => errors.push(chunk.toString()));
  if (keeper.stdout === null) throw new Error("the keeper has no output");
  const lines = createInterface({ input: keeper.stdout, signal });
  for await (const line of lines) {
    const [name = "", pid] = line.split(" ");
    pids.set(name, Number(pid));
    if (pids.size === count) return pids;
  }
  signal.throwIfAborted();
  throw new Error(`no namespaces: ${errors.join("").slice(-MAX_STDERR_CHARACTERS)}`);
}

async function end(keeper: ChildProcess): Promise<void> {
  if (keeper.exitCode !== null || keeper.signalCode !== null) return;
  const gone = once(keeper, "close");
  keeper.stdin?.on("error", () => undefined).end();
  keeper.stdout?.resume();
  keeper.stderr?.resume();
  await gone;
}
