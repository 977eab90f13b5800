import { type ChildProcess, spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { pipeline, type Writable } from "node:stream";
import { NiphasError } from "@niphas/core";

/** `xz -9` needs 65 MiB; without threads the limit is for the whole process. */
const ARGUMENTS = ["--decompress", "--stdout", "--format=xz", "--threads=1", "--memlimit-decompress=128MiB"];

let installed: boolean | undefined;

/** Whether Debian's `xz` is on PATH; looked up once. ADR 0013 */
export function isXzInstalled(): boolean {
  installed ??= (process.env["PATH"] ?? "").split(delimiter).some((directory) => isExecutable(join(directory, "xz")));
  return installed;
}

/**
 * Undoes xz by a child process: pipes bound what is in flight, and a bug in a decoder of hostile bytes stays outside
 * this process. The child ends when its pipes do, so also when we are killed.
 */
export async function* decodeXz(input: AsyncIterable<Uint8Array>, signal: AbortSignal) {
  signal.throwIfAborted();
  const environment = { PATH: process.env["PATH"] };
  const child = spawn("xz", ARGUMENTS, { stdio: ["pipe", "pipe", "ignore"], detached: true, env: environment });
  const exited = exitOf(child);
  const kill = (): void => killGroup(child);
  signal.addEventListener("abort", kill, { once: true });
  try {
    const inputError = feed(child.stdin, input);
    yield* child.stdout as AsyncIterable<Uint8Array>;
    const exitCode = await exited;
    signal.throwIfAborted();
    if (inputError() !== undefined) throw inputError();
    if (exitCode !== 0) throw new NiphasError("BadBytes", "an xz file cannot be decompressed");
  } finally {
    signal.removeEventListener("abort", kill);
    kill();
    child.stdout.destroy();
    child.stdin.destroy();
    await exited;
  }
}

/** Writes the input to the child as fast as that reads. Gives what the input has thrown so far: the child just sees an end. */
function feed(stdin: Writable, input: AsyncIterable<Uint8Array>): () => unknown {
  let thrown: unknown;
  async function* noting(): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      yield* input;
    } catch (error) {
      thrown = error;
      throw error;
    }
  }
  pipeline(noting(), stdin, () => undefined);
  return () => thrown;
}

/** The exit code; undefined when a signal ended it or it could not be started. */
async function exitOf(child: ChildProcess): Promise<number | undefined> {
  const { promise, resolve } = Promise.withResolvers<number | undefined>();
  child.once("exit", (code) => resolve(code ?? undefined));
  child.once("error", () => resolve(undefined));
  return promise;
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    // ESRCH: it has gone already.
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
