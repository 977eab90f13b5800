import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { LogCapture, waitUntil } from "@niphas/testing";
import type { EvilPlan } from "./evil-plan.ts";

const PROGRAM = fileURLToPath(new URL("./evil-peers.ts", import.meta.url));

/** Many of them take their time. */
const START_TIMEOUT_MS = 200_000;

/** The process of evil-peers.ts. */
export class EvilChild implements AsyncDisposable {
  readonly #child: ReturnType<typeof spawn>;
  readonly #logs: LogCapture;

  private constructor(child: ReturnType<typeof spawn>, logs: LogCapture) {
    this.#child = child;
    this.#logs = logs;
  }

  /** @param planFile is written */
  static async start(plan: EvilPlan, planFile: string): Promise<EvilChild> {
    writeFileSync(planFile, JSON.stringify(plan));
    const child = spawn(process.execPath, [PROGRAM, planFile], { stdio: ["ignore", "pipe", "inherit"] });
    const logs = new LogCapture();
    if (child.stdout !== null) logs.read(child.stdout);
    await using stack = new AsyncDisposableStack();
    const evil = stack.use(new EvilChild(child, logs));
    const isReady = (): boolean => {
      if (evil.#hasEnded) throw new Error("the evil peers have ended");
      return logs.lines.includes("ready");
    };
    await waitUntil("the evil peers to listen", isReady, { timeoutMs: START_TIMEOUT_MS });
    stack.move();
    return evil;
  }

  /** How often a peer was asked for a closure or for bytes. */
  askedCount(name: string): number {
    return this.count(`asked ${name}`);
  }

  /** How often the process said so. */
  count(line: string): number {
    return this.#logs.lines.filter((each) => each === line).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#hasEnded) return;
    const gone = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await gone;
  }

  get #hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }
}
