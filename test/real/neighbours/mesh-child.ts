import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** The process of `mesh-process.ts`. Disposing kills it, frozen or not. */
export class MeshChild implements AsyncDisposable {
  readonly url: string;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, url: string) {
    this.#child = child;
    this.url = url;
  }

  static async start(upstream: string, publicKey: string): Promise<MeshChild> {
    const script = join(import.meta.dirname, "mesh-process.ts");
    const child = spawn(process.execPath, [script, upstream, publicKey], { stdio: ["ignore", "pipe", "inherit"] });
    for await (const line of createInterface({ input: child.stdout })) return new MeshChild(child, line);
    throw new Error("the mesh process has ended before it listened");
  }

  kill(signal: "SIGKILL" | "SIGSTOP"): void {
    this.#child.kill(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await gone;
  }
}
