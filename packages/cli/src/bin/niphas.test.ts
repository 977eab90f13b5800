import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const LAUNCHER = join(import.meta.dirname, "niphas.js");
/** Has this very Node.js say that it is an old one. */
const PRETEND =
  "data:text/javascript,const versions={...process.versions,node:'20.19.0'};" +
  "Object.defineProperty(process,'versions',{value:versions});Object.defineProperty(process,'version',{value:'v20.19.0'})";
/** A launcher that swallows a signal must not outlive its test. */
const DEADLINE = { timeout: 60_000, killSignal: "SIGKILL" } as const;

function launch(launcher: string, args: readonly string[], nodeFlags: readonly string[] = []) {
  const env = { PATH: process.env["PATH"] };
  const result = spawnSync(process.execPath, [...nodeFlags, launcher, ...args], { encoding: "utf8", env });
  return { exitCode: result.status, stdout: result.stdout, stderr: result.stderr };
}

/** The launcher alone, beside a Node.js that is this shell script, which then goes on as long as the launcher does. */
function copyLauncher(node?: string) {
  const dir = mkdtempSync(join(tmpdir(), "niphas-launcher-"));
  const launcher = join(dir, "src/bin/niphas.js");
  mkdirSync(join(dir, "src/bin"), { recursive: true });
  mkdirSync(join(dir, "node_modules/.bin"), { recursive: true });
  copyFileSync(join(import.meta.dirname, "../../package.json"), join(dir, "package.json"));
  copyFileSync(LAUNCHER, launcher);
  const script = `#!/bin/sh\n${node}\nwhile kill -0 $PPID; do sleep 0.05; done\n`;
  if (node !== undefined) writeFileSync(join(dir, "node_modules/.bin/node"), script, { mode: 0o755 });
  return { launcher, [Symbol.dispose]: () => rmSync(dir, { recursive: true }) };
}

/** Sends a signal to the launcher alone, in a session without a terminal, and tells how it ended. */
async function signalled(node: string, name: NodeJS.Signals) {
  using copy = copyLauncher(`${node}\necho ready`);
  const child = spawn(process.execPath, ["--import", PRETEND, copy.launcher], { detached: true, ...DEADLINE });
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    if (stdout === "") child.kill(name);
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const [code, signal] = await once(child, "close");
  return { code, signal, stdout, stderr };
}

describe("the launcher", () => {
  it("runs niphas on a Node.js that is new enough", () => {
    const result = launch(LAUNCHER, ["version", "--json"]);
    expect(result).toMatchObject({ exitCode: 0, stderr: "" });
    expect(JSON.parse(result.stdout)).toMatchObject({ niphas: expect.any(String), node: process.versions.node });
  });

  it("starts again with the Node.js that comes with the project, and hands the exit code through", () => {
    const result = launch(LAUNCHER, ["version", "--json"], ["--import", PRETEND]);
    expect(result).toMatchObject({ exitCode: 0, stderr: "" });
    expect(Number.parseInt(JSON.parse(result.stdout).node, 10)).toBeGreaterThanOrEqual(24);
    expect(launch(LAUNCHER, ["version", "--none"], ["--import", PRETEND]).exitCode).toBe(2);
  });

  it("says what is needed where there is none", () => {
    using copy = copyLauncher();
    const result = launch(copy.launcher, ["version"], ["--import", PRETEND]);
    expect(result).toMatchObject({ exitCode: 125, stdout: "" });
    expect(result.stderr).toMatch(/^niphas: Node\.js 24 or newer is needed and this is v20\.19\.0: /);
  });

  it.each(["TERM", "INT", "HUP", "QUIT", "USR1", "USR2", "WINCH"] as const)("passes SIG%s on", async (name) => {
    const result = await signalled(`trap 'echo got ${name}; exit 42' ${name}`, `SIG${name}`);
    expect(result).toEqual({ code: 42, signal: null, stdout: `ready\ngot ${name}\n`, stderr: "" });
  });

  it("exits with 128 and the number of the signal that ended the Node.js that it started", async () => {
    expect(await signalled(":", "SIGTERM")).toMatchObject({ code: 143, signal: null });
  });

  it("leaves it to the terminal to send the terminal's signals to both", () => {
    // The second signal comes to the launcher after the first, so a repeated first one would be here before the end.
    const toLauncher = "kill -INT $PPID; kill -USR1 $PPID";
    using copy = copyLauncher(`trap 'echo repeated' INT; trap 'echo end; exit 42' USR1; ${toLauncher}`);
    const command = `exec '${process.execPath}' --import "${PRETEND}" '${copy.launcher}'`;
    const result = spawnSync("script", ["--quiet", "--return", "--command", command, "/dev/null"], {
      ...DEADLINE,
      encoding: "utf8",
      env: { PATH: process.env["PATH"], SHELL: "/bin/sh" },
    });
    expect(result).toMatchObject({ status: 42, stdout: "end\r\n" });
  });
});
