import { type ChildProcess, spawn } from "node:child_process";
import { NiphasError, systemErrorCode } from "@niphas/core";
import { dieWithParent, isMissingProgram } from "./die-with-parent.ts";
import { LineSplitter } from "./line-splitter.ts";
import { reapGroup, signalGroup } from "./process-group.ts";

const DEFAULT_KILL_GRACE_MS = 2_000;
const DEFAULT_MAX_STDOUT_BYTES = 1 << 20;
const MAX_LINE_LENGTH = 64 * 1024;
const STDERR_TAIL_LINES = 40;
/** A process that left the group may hold our pipes; they are closed from our side after this. */
const PIPE_GRACE_MS = 1_000;

export interface ProcessRequest {
  readonly command: string;
  readonly args: readonly string[];
  /** The child's whole environment. */
  readonly environment: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** The child's own deadline. */
  readonly timeoutMs: number;
  /** Time between SIGTERM and SIGKILL. Default 2 s. */
  readonly killGraceMs?: number;
  /** More output than this ends the child. Default 1 MiB. */
  readonly maxStdoutBytes?: number;
  /** Lines longer than 64 Ki characters are cut. */
  readonly onStderrLine?: (line: string) => void;
}

export interface ProcessResult {
  readonly outcome: "exited" | "cancelled" | "timedOut" | "tooMuchOutput";
  /** Undefined when a signal ended the child. */
  readonly exitCode: number | undefined;
  readonly stdout: string;
  /** The last 40 lines. */
  readonly stderrLines: readonly string[];
}

/**
 * Runs a program in a process group of its own, without a shell. When this
 * returns, no process of the group is left, whatever ended it.
 * @throws NiphasError CommandFailed when the program cannot be started
 */
export async function runProcess(request: ProcessRequest): Promise<ProcessResult> {
  const [command, ...args] = await dieWithParent(request.command, request.args);
  if (request.signal.aborted) return { outcome: "cancelled", exitCode: undefined, stdout: "", stderrLines: [] };
  const child = spawn(command, args, {
    env: request.environment,
    stdio: ["ignore", "pipe", "pipe"],
    // Its own session and process group, whose id is the child's pid.
    detached: true,
  });
  const groupId = child.pid;
  if (groupId === undefined) throw await startFailure(child, request.command);
  const result = await superviseChild(child, groupId, request);
  if (isMissingProgram(result.exitCode, result.stderrLines)) throw startFailed(request.command, "ENOENT");
  return result;
}

async function superviseChild(child: ChildProcess, groupId: number, request: ProcessRequest): Promise<ProcessResult> {
  let outcome: ProcessResult["outcome"] = "exited";
  let killTimer: NodeJS.Timeout | undefined;
  const end = (reason: ProcessResult["outcome"]): void => {
    if (outcome !== "exited") return;
    outcome = reason;
    signalGroup(groupId, "SIGTERM");
    const graceMs = request.killGraceMs ?? DEFAULT_KILL_GRACE_MS;
    killTimer = setTimeout(() => signalGroup(groupId, "SIGKILL"), graceMs);
  };
  const cancel = (): void => end("cancelled");
  request.signal.addEventListener("abort", cancel, { once: true });
  const deadline = setTimeout(() => end("timedOut"), request.timeoutMs);
  const output = collectOutput(child, request, () => end("tooMuchOutput"));
  try {
    const exitCode = await childEnd(child, groupId);
    return { outcome, exitCode, ...output() };
  } finally {
    clearTimeout(deadline);
    clearTimeout(killTimer);
    request.signal.removeEventListener("abort", cancel);
    await reapGroup(groupId);
  }
}

/** Resolves when the child has ended and its pipes are closed; what it left behind in its group is killed. */
function childEnd(child: ChildProcess, groupId: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    let pipeTimer: NodeJS.Timeout | undefined;
    child.once("exit", () => {
      signalGroup(groupId, "SIGKILL");
      pipeTimer = setTimeout(() => {
        child.stdout?.destroy();
        child.stderr?.destroy();
      }, PIPE_GRACE_MS);
    });
    child.once("close", (code) => {
      clearTimeout(pipeTimer);
      resolve(code ?? undefined);
    });
  });
}

type Output = Pick<ProcessResult, "stdout" | "stderrLines">;

function collectOutput(child: ChildProcess, request: ProcessRequest, onOverflow: () => void): () => Output {
  const maxStdoutBytes = request.maxStdoutBytes ?? DEFAULT_MAX_STDOUT_BYTES;
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  child.stdout?.on("data", (chunk: Buffer) => {
    sizeBytes += chunk.length;
    if (sizeBytes > maxStdoutBytes) onOverflow();
    else chunks.push(chunk);
  });
  const stderrLines: string[] = [];
  const splitter = new LineSplitter((line) => {
    stderrLines.push(line);
    if (stderrLines.length > STDERR_TAIL_LINES) stderrLines.shift();
    request.onStderrLine?.(line);
  }, MAX_LINE_LENGTH);
  child.stderr?.setEncoding("utf8").on("data", (text: string) => splitter.push(text));
  return () => {
    splitter.end();
    return { stdout: Buffer.concat(chunks).toString("utf8"), stderrLines };
  };
}

function startFailure(child: ChildProcess, command: string): Promise<NiphasError> {
  return new Promise((resolve) => {
    child.once("error", (cause) => resolve(startFailed(command, systemErrorCode(cause), cause)));
  });
}

function startFailed(command: string, code: string | undefined, cause?: unknown): NiphasError {
  const reason = code === "ENOENT" ? "it is not installed or not on PATH" : "it cannot be started";
  return new NiphasError("CommandFailed", `${command}: ${reason}`, { cause });
}
