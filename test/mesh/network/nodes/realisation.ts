import { fileURLToPath } from "node:url";
import { waitUntil } from "@niphas/testing";
import type { GuestProcess } from "../namespaces/guest-process.ts";
import type { Realised, RealiseReport } from "./realise-request.ts";

export const REALISE_PROGRAM = fileURLToPath(new URL("./realise-program.ts", import.meta.url));

/** A realisation that is ready to begin, so that many nodes can begin at once. */
export class Realisation implements AsyncDisposable {
  readonly #guest: GuestProcess;

  private constructor(guest: GuestProcess) {
    this.#guest = guest;
  }

  static async prepare(guest: GuestProcess, signal: AbortSignal): Promise<Realisation> {
    await waitUntil("a realisation to be ready", () => {
      signal.throwIfAborted();
      return !guest.isRunning || guest.logs.lines.includes("ready");
    });
    return new Realisation(guest);
  }

  /** Fetches the closure. @throws Error that names code and message of the plugin's error */
  async run(signal: AbortSignal): Promise<Realised> {
    const end = (): void => void this.#guest.kill();
    signal.addEventListener("abort", end, { once: true });
    this.#guest.input.write("begin\n");
    await this.#guest.exited();
    signal.removeEventListener("abort", end);
    signal.throwIfAborted();
    const report = this.#report();
    if (report.kind === "failed") throw new Error(`${report.code}: ${report.message}`);
    return report;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#guest[Symbol.asyncDispose]();
  }

  #report(): RealiseReport {
    const line = this.#guest.logs.lines.findLast((each) => each.startsWith('{"kind":'));
    if (line === undefined) throw new Error(`the realisation was ended: ${this.#guest.logs.tail()}`);
    return JSON.parse(line);
  }
}
