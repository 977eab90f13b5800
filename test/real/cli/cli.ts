import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { killGroup, testBundle, waitUntil } from "@niphas/testing";

const REPOSITORY = join(import.meta.dirname, "../../..");
const LAUNCHER = join(REPOSITORY, "packages/cli/src/bin/niphas.js");
/** nobody: an id without files, groups and rights. */
export const ORDINARY_UID = 65534;

export type UserKind = "root" | "ordinary user";

export interface CliOptions {
  readonly as?: UserKind;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Where the repository is shown to ordinary users, who may have no way into its real place. */
  readonly mountPoint?: string;
}

export interface CliResult {
  /** 128 and the signal's number when a signal ended niphas itself. */
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A running niphas, which is killed with its process group when the test is over: `await using cli = …`. */
export class RunningCli implements AsyncDisposable {
  readonly child: ChildProcess;
  readonly #ended: Promise<readonly [number | null, NodeJS.Signals | null]>;
  #stdout = "";
  #stderr = "";
  #isOver = false;

  constructor(
    argv: readonly string[],
    options: { readonly env: NodeJS.ProcessEnv; readonly cwd?: string | undefined },
  ) {
    const [program = "", ...args] = argv;
    this.child = spawn(program, args, { ...options, stdio: "pipe", detached: true });
    this.child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.#stdout += text;
    });
    this.child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr += text;
    });
    this.#ended = once(this.child, "close").then(([code, signal]) => {
      this.#isOver = true;
      return [code, signal];
    });
  }

  get stdout(): string {
    return this.#stdout;
  }

  get stderr(): string {
    return this.#stderr;
  }

  /** Waits until standard output holds `text`. */
  async untilSays(text: string): Promise<void> {
    const saysIt = () => this.#stdout.includes(text);
    await waitUntil(`"${text}" to be said`, () => saysIt() || this.#isOver).catch((cause: unknown) => {
      throw new Error(`so far: ${this.#stdout}${this.#stderr}`, { cause });
    });
    if (!saysIt()) throw new Error(`it ended without saying "${text}": ${this.#stdout}${this.#stderr}`);
  }

  /** Sends a signal to niphas alone. */
  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Writes to standard input; on a terminal, what a person types. */
  type(text: string): void {
    this.child.stdin?.write(text);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    killGroup(this.child, "SIGKILL");
    await this.#ended;
  }

  async ended(): Promise<CliResult> {
    const [exitCode, signal] = await this.#ended;
    return { exitCode, signal, stdout: this.#stdout, stderr: this.#stderr };
  }
}

/** Starts niphas in a session of its own and with a small environment. */
export function startCli(args: readonly string[], options: CliOptions = {}): RunningCli {
  return new RunningCli(cliArgv(args, options), {
    env: { PATH: process.env["PATH"], HOME: "/nonexistent", ...options.env },
    cwd: options.cwd,
  });
}

/** Runs niphas to its end. */
export async function niphas(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  const cli = startCli(args, options);
  cli.child.stdin?.end();
  return await cli.ended();
}

/** The whole command line, for those who start it in their own way. */
export function cliArgv(args: readonly string[], options: CliOptions = {}): readonly string[] {
  const program = testBundle() ?? LAUNCHER;
  if (options.as !== "ordinary user") return [process.execPath, program, ...args];
  const { mountPoint } = options;
  if (mountPoint === undefined) throw new Error("an ordinary user needs a mountPoint");
  mkdirSync(mountPoint, { recursive: true });
  const [node = "", shownProgram = ""] = [process.execPath, program].map((path) =>
    path.replace(REPOSITORY, mountPoint),
  );
  const asUser = ["setpriv", `--reuid=${ORDINARY_UID}`, `--regid=${ORDINARY_UID}`, "--clear-groups", "--"];
  const script = 'mount --bind "$1" "$2" && shift 2 && exec "$@"';
  return [
    ...["unshare", "--mount", "--propagation", "private", "--", "sh", "-c", script, "sh", REPOSITORY, mountPoint],
    ...[...asUser, node, shownProgram, ...args],
  ];
}
