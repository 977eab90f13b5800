import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const LAUNCHER = join(import.meta.dirname, "niphas.js");
/** Has this very Node.js say that it is an old one. */
const PRETEND =
  "data:text/javascript,const versions={...process.versions,node:'20.19.0'};" +
  "Object.defineProperty(process,'versions',{value:versions});Object.defineProperty(process,'version',{value:'v20.19.0'})";

function launch(launcher: string, args: readonly string[], nodeFlags: readonly string[] = []) {
  const env = { PATH: process.env["PATH"] };
  const result = spawnSync(process.execPath, [...nodeFlags, launcher, ...args], { encoding: "utf8", env });
  return { exitCode: result.status, stdout: result.stdout, stderr: result.stderr };
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
    const dir = mkdtempSync(join(tmpdir(), "niphas-launcher-"));
    try {
      const launcher = join(dir, "src/bin/niphas.js");
      mkdirSync(join(dir, "src/bin"), { recursive: true });
      copyFileSync(join(import.meta.dirname, "../../package.json"), join(dir, "package.json"));
      copyFileSync(LAUNCHER, launcher);
      const result = launch(launcher, ["version"], ["--import", PRETEND]);
      expect(result).toMatchObject({ exitCode: 125, stdout: "" });
      expect(result.stderr).toMatch(/^niphas: Node\.js 24 or newer is needed and this is v20\.19\.0: /);
    } finally {
      rmSync(dir, { recursive: true });
    }
  });
});
