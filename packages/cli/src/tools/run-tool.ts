import { spawn } from "node:child_process";
import { once } from "node:events";
import { systemErrorCode } from "@niphas/core";

export type ToolResult =
  | { readonly outcome: "exited"; readonly exitCode: number; readonly text: string }
  | { readonly outcome: "missing" | "timedOut" | "cancelled" };

export interface ToolRequest {
  readonly signal: AbortSignal;
  /** @default 5000 */
  readonly timeoutMs?: number;
  /** Added to our own environment. */
  readonly env?: Readonly<Record<string, string>>;
}

const DEFAULT_TIMEOUT_MS = 5_000;
const MAX_CHARACTERS = 64 * 1024;

/** Runs a small tool, such as `nix-store --version`, and collects what it says on both streams. Its process group is killed at the deadline. */
export async function runTool(command: string, args: readonly string[], request: ToolRequest): Promise<ToolResult> {
  if (request.signal.aborted) return { outcome: "cancelled" };
  const child = spawn(command, args, {
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
    env: { ...process.env, ...request.env },
  });
  let text = "";
  const collect = (chunk: string): void => {
    text = (text + chunk).slice(0, MAX_CHARACTERS);
  };
  child.stdout.setEncoding("utf8").on("data", collect);
  child.stderr.setEncoding("utf8").on("data", collect);
  const deadline = AbortSignal.timeout(request.timeoutMs ?? DEFAULT_TIMEOUT_MS);
  const end = AbortSignal.any([request.signal, deadline]);
  const kill = (): void => killGroup(child.pid);
  end.addEventListener("abort", kill, { once: true });
  try {
    const [exitCode] = await once(child, "close");
    if (end.aborted) return { outcome: deadline.aborted ? "timedOut" : "cancelled" };
    return { outcome: "exited", exitCode: exitCode ?? 1, text };
  } catch (error) {
    if (isMissingTool(error)) return { outcome: "missing" };
    throw error;
  } finally {
    end.removeEventListener("abort", kill);
  }
}

/** Whether spawn found no such program. It says EACCES when a directory of PATH may not be looked into. */
export function isMissingTool(error: unknown): boolean {
  const code = systemErrorCode(error);
  return code === "ENOENT" || code === "EACCES";
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch (error) {
    // It has ended by itself in the meantime.
    if (systemErrorCode(error) !== "ESRCH") throw error;
  }
}
