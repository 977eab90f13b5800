import { type ChildProcess, spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { killGroup } from "./run-command.ts";
import { waitUntil } from "./wait-until.ts";

/**
 * Makes system calls of a running process fail, lie or take long, with no
 * change to the process: `await using _ = await StraceFault.attach(pid, "move_mount:error=EIO:when=1")`.
 * Expressions are those of strace(1) `-e inject=`. Ends with its disposal.
 */
export class StraceFault implements AsyncDisposable {
  readonly #strace: ChildProcess;
  readonly #exit: Promise<void>;

  private constructor(strace: ChildProcess) {
    this.#strace = strace;
    const { promise, resolve } = Promise.withResolvers<void>();
    strace.once("exit", () => resolve()).once("error", () => resolve());
    this.#exit = promise;
  }

  static async attach(pid: number, ...injections: readonly string[]): Promise<StraceFault> {
    const calls = injections.map((injection) => injection.split(":")[0]).join(",");
    const injects = injections.flatMap((injection) => ["-e", `inject=${injection}`]);
    const args = ["-f", "-qq", "-o", "/dev/null", "-e", `trace=${calls}`, ...injects, "-p", String(pid)];
    const strace = spawn("strace", args, { detached: true, stdio: ["ignore", "ignore", "pipe"] });
    const fault = new StraceFault(strace);
    let complaint = "";
    strace.stderr.on("data", (chunk: Buffer) => {
      complaint += chunk.toString();
    });
    await waitUntil("strace to attach", () => {
      if (strace.exitCode !== null) throw new Error(`strace: ${complaint}`);
      return isTraced(pid);
    });
    return fault;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // SIGINT makes strace let go of the process; SIGKILL could leave it stopped.
    killGroup(this.#strace, "SIGINT");
    await this.#exit;
  }
}

function isTraced(pid: number): boolean {
  return readdirSync(`/proc/${pid}/task`).every((task) => {
    try {
      return !/^TracerPid:\s+0$/m.test(readFileSync(`/proc/${pid}/task/${task}/status`, "utf8"));
    } catch {
      // The thread has ended.
      return true;
    }
  });
}
