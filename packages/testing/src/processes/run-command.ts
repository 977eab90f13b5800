import { type ChildProcess, spawn } from "node:child_process";

export interface CommandOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Written to standard input; without it standard input is empty. */
  readonly input?: string;
  readonly signal?: AbortSignal | undefined;
  /** @default 120_000 */
  readonly timeoutMs?: number;
  /** Answer with the exit code instead of throwing. @default false */
  readonly allowFailure?: boolean;
}

export interface CommandResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

const DEFAULT_TIMEOUT_MS = 120_000;

/** Runs a command in its own process group, which is killed as a whole on time-out or abort. */
export async function runCommand(argv: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  const [program = "", ...args] = argv;
  const child = spawn(program, args, { env: options.env, cwd: options.cwd, detached: true, stdio: "pipe" });
  const stop = (): void => killGroup(child, "SIGKILL");
  const deadline = AbortSignal.timeout(options.timeoutMs ?? DEFAULT_TIMEOUT_MS);
  const signal = options.signal === undefined ? deadline : AbortSignal.any([deadline, options.signal]);
  signal.addEventListener("abort", stop, { once: true });
  try {
    const output = collectOutput(child);
    child.stdin.on("error", () => undefined).end(options.input ?? "");
    const exitCode = await exitOf(child);
    const result = { exitCode, ...output() };
    if (exitCode === 0 || options.allowFailure === true) return result;
    throw new Error(`${argv.slice(0, 6).join(" ")} ended with ${exitCode}: ${result.stderr.slice(-2000)}`);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

/** Signals a whole process group; a group that has gone is fine. */
export function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // ESRCH: every member has gone already.
  }
}

function collectOutput(child: ReturnType<typeof spawn>): () => { stdout: string; stderr: string } {
  const chunks = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
  child.stdout?.on("data", (chunk: Buffer) => chunks.stdout.push(chunk));
  child.stderr?.on("data", (chunk: Buffer) => chunks.stderr.push(chunk));
  return () => ({
    stdout: Buffer.concat(chunks.stdout).toString("utf8"),
    stderr: Buffer.concat(chunks.stderr).toString("utf8"),
  });
}

async function exitOf(child: ChildProcess): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  child.once("error", reject);
  child.once("close", (code, signal) => resolve(code ?? (signal === null ? 255 : 128)));
  return promise;
}
