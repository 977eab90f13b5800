import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";

/**
 * Stands before real programs on PATH and notes how they are called; they then
 * run as ever. Made before the process that is watched, which gets `env`.
 */
export class CommandSpy {
  readonly #logFile: string;
  /** `PATH` with the watched programs first. */
  readonly env: Readonly<Record<string, string>>;

  constructor(dir: string, programs: readonly string[]) {
    const binDir = join(dir, "spy");
    this.#logFile = join(dir, "spy.log");
    mkdirSync(binDir, { recursive: true });
    const path = process.env["PATH"] ?? "";
    for (const program of programs) {
      const real = path
        .split(delimiter)
        .map((each) => join(each, program))
        .find((each) => existsSync(each));
      if (real !== undefined) writeFileSync(join(binDir, program), this.#script(program, real), { mode: 0o755 });
    }
    this.env = { PATH: `${binDir}${delimiter}${path}` };
  }

  /** Each call so far: the program and its arguments. */
  get calls(): readonly (readonly string[])[] {
    if (!existsSync(this.#logFile)) return [];
    const lines = readFileSync(this.#logFile, "utf8").split("\u0001\n");
    return lines.filter((line) => line !== "").map((line) => line.split("\u0002").slice(0, -1));
  }

  /** One write per call, so that calls at the same time do not mix. */
  #script(program: string, real: string): string {
    return [
      "#!/bin/sh",
      `line=$(printf '%s\\002' '${program}' "$@"; printf '\\001')`,
      `printf '%s\\n' "$line" >> '${this.#logFile}'`,
      `exec '${real}' "$@"`,
      "",
    ].join("\n");
  }
}
