import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { Socket } from "node:net";
import type { Readable, Writable } from "node:stream";
import { NiphasError, printableText, systemErrorCode } from "@niphas/core";
import { type EnterFailure, type EnterSpec, parseStatus } from "../enter/enter-spec.ts";
import { exitCodeOf } from "../signals/exit-code.ts";
import { forwardSignals } from "../signals/forwarding.ts";
import { isMissingTool } from "../tools/run-tool.ts";
import { unshareArguments } from "./namespace-command.ts";

export interface SessionInit {
  /** The file that is run inside the namespace, `enter/main.ts` or its bundle. */
  readonly entryFile: string;
  /** Called once the program runs, before any wait for its end, or when a signal ended its process before that. */
  readonly onStarted: () => Promise<void>;
}

export type SessionResult =
  | { readonly outcome: "exited"; readonly exitCode: number }
  | { readonly outcome: "failed"; readonly failure: EnterFailure };

const MAX_TEXT_CHARACTERS = 8192;
/** Where the child finds standard error; its own is a pipe until the program starts, so that no tool's message mixes in. */
const STDIO = ["inherit", "inherit", "pipe", "pipe", "pipe", 2] as const;

/**
 * Runs the program of `spec` and waits for it. Standard streams and the
 * process group are shared with it, and signals are passed on.
 * @throws NiphasError CommandFailed, Internal
 */
export async function runSession(spec: EnterSpec, init: SessionInit): Promise<SessionResult> {
  const command = [process.execPath, "--no-warnings", init.entryFile];
  const child = spawn("unshare", unshareArguments(spec.isRoot, command), {
    stdio: [...STDIO],
    env: { PATH: process.env["PATH"] },
  });
  const forwarding = forwardSignals((signal) => child.kill(signal));
  try {
    const exit = waitForExit(child);
    exit.catch(() => undefined);
    await waitForSpawn(child);
    const failure = await waitForStart(child, spec, exit);
    if (failure !== undefined) {
      await exit;
      return { outcome: "failed", failure };
    }
    forwarding.programStarted();
    const tidied = init.onStarted();
    // Reported when the program has ended: it is not the program's fault.
    tidied.catch(() => undefined);
    const exitCode = await exit;
    await tidied;
    return { outcome: "exited", exitCode };
  } finally {
    forwarding.stop();
  }
}

/** Rejects when there is no such tool; {@link waitForSpawn} reports that. */
async function waitForExit(child: ChildProcess): Promise<number> {
  const [code, signal] = await once(child, "exit");
  return exitCodeOf(code, signal);
}

async function waitForSpawn(child: ChildProcess): Promise<void> {
  try {
    await once(child, "spawn");
  } catch (error) {
    if (!isMissingTool(error)) throw error;
    throw new NiphasError("CommandFailed", "unshare is not on PATH: install util-linux", { cause: error });
  }
}

/** The reason when the program did not start; undefined when it runs, or when a signal ended its process before that. */
async function waitForStart(
  child: ChildProcess,
  spec: EnterSpec,
  exit: Promise<number>,
): Promise<EnterFailure | undefined> {
  const [, , trace, specPipe, statusPipe] = child.stdio;
  if (!(specPipe instanceof Socket)) throw new NiphasError("Internal", "the child process has no pipe for its orders");
  // A child that is gone has closed its end; the status tells why.
  specPipe.on("error", () => undefined);
  specPipe.end(JSON.stringify(spec));
  const [traceText, statusText] = await Promise.all([readText(trace), readText(statusPipe)]);
  const status = parseStatus(statusText);
  if (status.failure !== undefined || status.isStarting) return status.failure;
  await exit;
  if (child.signalCode !== null) return undefined;
  return { reason: "niphas", message: namespaceFailure(traceText, spec.isRoot) };
}

/** Unshare or Node.js itself gave up; what they said is all that is known. */
function namespaceFailure(trace: string, isRoot: boolean): string {
  const firstLine = printableText(trace.trim().split("\n")[0] ?? "");
  const said = firstLine === "" ? "" : ` (${firstLine})`;
  const advice = isRoot
    ? "root needs CAP_SYS_ADMIN here: in a container, allow it"
    : "allow user namespaces to ordinary users, or run as root";
  return `cannot make a mount namespace${said}: ${advice}; \`niphas doctor\` checks it`;
}

async function readText(stream: Readable | Writable | null | undefined): Promise<string> {
  if (!(stream instanceof Socket)) return "";
  let text = "";
  stream.setEncoding("utf8");
  try {
    for await (const chunk of stream) text = (text + chunk).slice(0, MAX_TEXT_CHARACTERS);
  } catch (error) {
    // A killed child resets its sockets; that is an end like any other.
    if (systemErrorCode(error) !== "ECONNRESET") throw error;
  }
  return text;
}
