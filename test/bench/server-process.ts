import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** A server in a process of its own, so that it shares no event loop with who measures. */
export interface ServerProcess extends AsyncDisposable {
  /** The first line that it printed: where it listens. */
  readonly address: string;
}

/**
 * Runs a TypeScript module that prints its address when it listens and calls {@link endWithParent}.
 * @param inside gives the command that runs a command somewhere else, such as in another network namespace
 */
export async function startServerProcess(
  module: URL,
  args: readonly string[],
  inside: (argv: readonly string[]) => readonly string[] = (argv) => argv,
): Promise<ServerProcess> {
  const [program = "", ...rest] = inside([process.execPath, module.pathname, ...args]);
  const child = spawn(program, rest, { stdio: ["pipe", "pipe", "inherit"] });
  const exited = Promise.withResolvers<void>();
  const address = Promise.withResolvers<string>();
  child.once("error", address.reject).once("exit", () => {
    exited.resolve();
    address.reject(new Error(`${module.pathname} ended before it listened`));
  });
  createInterface({ input: child.stdout }).once("line", address.resolve);
  return {
    address: await address.promise,
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGKILL");
      await exited.promise;
    },
  };
}

/** In the server: ends it when whoever started it has gone, which closes its standard input. */
export function endWithParent(): void {
  process.stdin.resume().once("end", () => process.exit(0));
}
