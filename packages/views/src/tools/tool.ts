import { type ChildProcess, spawn } from "node:child_process";
import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { NiphasError } from "@niphas/core";

const MAX_STDERR_BYTES = 8192;

export interface ToolOptions {
  /** The tool's process group is killed when this aborts; leave it out for tools that must not be cut off half-way. */
  readonly signal?: AbortSignal;
  readonly deadlineMs: number;
}

/** The first executable of that name on PATH. */
export async function findTool(name: string): Promise<string | undefined> {
  const directories = (process.env["PATH"] ?? "").split(delimiter).filter((each) => each.startsWith("/"));
  for (const directory of directories) {
    const path = join(directory, name);
    const isThere = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return path;
  }
  return undefined;
}

/**
 * Runs a tool that reads nothing, in a process group of its own.
 * @throws NiphasError ViewUnavailable, DiskFull, Cancelled
 */
export async function runTool(command: string, args: readonly string[], options: ToolOptions): Promise<void> {
  const child = spawn(command, args, {
    detached: true,
    stdio: ["ignore", "ignore", "pipe"],
    env: { PATH: process.env["PATH"], LC_ALL: "C" },
  });
  await toolEnded(child, command, options);
}

async function toolEnded(child: ChildProcess, command: string, options: ToolOptions): Promise<void> {
  const name = command.split("/").at(-1) ?? command;
  let isLate = false;
  const killGroup = (): void => killProcessGroup(child);
  const deadline = setTimeout(() => {
    isLate = true;
    killGroup();
  }, options.deadlineMs);
  options.signal?.addEventListener("abort", killGroup, { once: true });
  if (options.signal?.aborted) killGroup();
  try {
    const { problem, stderr } = await outcome(child);
    if (problem === undefined) return;
    if (options.signal?.aborted) throw new NiphasError("Cancelled", "the work was cancelled");
    if (isLate) throw unavailable(`${name} did not finish in ${options.deadlineMs / 1000} s`, stderr);
    if (stderr.includes("No space left on device")) throw new NiphasError("DiskFull", "the node's disk is full");
    throw unavailable(`${name} ${problem}${firstLine(stderr)}`, stderr);
  } finally {
    clearTimeout(deadline);
    options.signal?.removeEventListener("abort", killGroup);
  }
}

interface Outcome {
  readonly problem: string | undefined;
  readonly stderr: string;
}

function outcome(child: ChildProcess): Promise<Outcome> {
  return new Promise((resolve) => {
    let stderr = "";
    child.stderr?.on("data", (chunk: Buffer) => {
      if (stderr.length < MAX_STDERR_BYTES) stderr += chunk.toString("latin1");
    });
    child.once("error", (error) => resolve({ problem: `cannot be started: ${error.message}`, stderr }));
    child.once("close", (code, signal) => {
      const failed = signal === null ? `failed with status ${code}` : `was killed by ${signal}`;
      resolve({ problem: code === 0 ? undefined : failed, stderr });
    });
  });
}

function killProcessGroup(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null) return;
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    // It has ended in the meantime.
  }
}

function firstLine(stderr: string): string {
  const line = stderr.trim().split("\n")[0] ?? "";
  return line === "" ? "" : `: ${line.slice(0, 200)}`;
}

function unavailable(message: string, stderr: string): NiphasError {
  return new NiphasError("ViewUnavailable", message, { cause: stderr === "" ? undefined : new Error(stderr) });
}
