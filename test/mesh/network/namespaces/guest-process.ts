import { type ChildProcessByStdio, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { Readable, type Writable } from "node:stream";
import { killGroup, LogCapture } from "@niphas/testing";
import type { Namespaces } from "./namespaces.ts";

export interface GuestInit {
  readonly namespaces: Namespaces;
  /** The network namespace that it runs in. */
  readonly namespace: string;
  readonly argv: readonly string[];
  /** Added to our own environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

export interface GuestExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

interface Ending {
  readonly exit: Promise<GuestExit>;
  /** Later, when nobody is left who could print: children may outlive the program. */
  readonly close: Promise<GuestExit>;
}

/** Says its number, by the caller's /proc, on the descriptor 3 and becomes the program. */
const LAUNCH = 'read -r pid _ </proc/self/stat; echo "$pid" >&3; exec 3>&-; exec "$@"';
/** So that what waits for the guest ends with us even while it is stopped; the guest itself ends with its namespace. */
const DIE_WITH_PARENT: readonly string[] = ["setpriv", "--pdeathsig", "KILL", "--"];

type Waiter = ChildProcessByStdio<Writable, Readable, Readable>;

/** A program that runs on in one of the namespaces, until it is killed or they end. */
export class GuestProcess implements AsyncDisposable {
  /** By our numbers. */
  readonly pid: number;
  /** All that it prints. */
  readonly logs = new LogCapture();
  /** nsenter, which waits for the guest, stops when it stops, and ends as it ends. */
  readonly #waiter: Waiter;
  readonly #ending: Ending;

  private constructor(waiter: Waiter, pid: number, ending: Ending) {
    this.#waiter = waiter;
    this.pid = pid;
    this.#ending = ending;
    this.logs.read(waiter.stdout);
    this.logs.read(waiter.stderr);
  }

  /** Returns when the program has been started; what it needs to be ready is the caller's to wait for. */
  static async start({ namespaces, namespace, argv, env, signal }: GuestInit): Promise<GuestProcess> {
    const entered = namespaces.command(namespace, ["sh", "-c", LAUNCH, "sh", ...argv]);
    const [program = "", ...args] = [...DIE_WITH_PARENT, ...entered];
    const waiter = spawn(program, args, {
      detached: true,
      env: { ...process.env, ...env },
      stdio: ["pipe", "pipe", "pipe", "pipe"],
    });
    waiter.stdin.on("error", () => undefined);
    const ending = endingOf(waiter);
    try {
      return new GuestProcess(waiter, await readPid(waiter.stdio[3], signal), ending);
    } catch (error) {
      killGroup(waiter, "SIGKILL");
      await ending.exit;
      throw error;
    }
  }

  get isRunning(): boolean {
    return this.#waiter.exitCode === null && this.#waiter.signalCode === null;
  }

  /** Its standard input. */
  get input(): Writable {
    return this.#waiter.stdin;
  }

  /** Waits for it to end by itself; all that it and its children have printed is there then. */
  exited(): Promise<GuestExit> {
    return this.#ending.close;
  }

  /** Signals the program alone and waits until it has gone; a frozen one hears SIGKILL only. */
  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<GuestExit> {
    this.#signal(signal);
    // It stopped together with a frozen guest, and could not bury it.
    if (signal === "SIGKILL") this.#waiter.kill("SIGCONT");
    return await this.#ending.exit;
  }

  /** Stops it where it is; its connections stay open. */
  freeze(): void {
    this.#signal("SIGSTOP");
  }

  thaw(): void {
    this.#waiter.kill("SIGCONT");
    this.#signal("SIGCONT");
  }

  /** Kills it with all of its children that have not left its process group. */
  async [Symbol.asyncDispose](): Promise<void> {
    killGroup(this.#waiter, "SIGKILL");
    await this.#ending.exit;
  }

  #signal(signal: NodeJS.Signals): void {
    if (this.isRunning) process.kill(this.pid, signal);
  }
}

async function readPid(stream: unknown, signal: AbortSignal): Promise<number> {
  if (!(stream instanceof Readable)) throw new Error("no descriptor 3");
  const lines = createInterface({ input: stream, signal });
  for await (const line of lines) {
    stream.destroy();
    return Number(line);
  }
  signal.throwIfAborted();
  throw new Error("the program could not be started in its namespace");
}

function endingOf(waiter: Waiter): Ending {
  const exit = Promise.withResolvers<GuestExit>();
  const close = Promise.withResolvers<GuestExit>();
  waiter.once("error", () => {
    for (const { resolve } of [exit, close]) resolve({ code: null, signal: null });
  });
  waiter.once("exit", (code, signal) => exit.resolve({ code, signal }));
  waiter.once("close", (code, signal) => close.resolve({ code, signal }));
  return { exit: exit.promise, close: close.promise };
}
