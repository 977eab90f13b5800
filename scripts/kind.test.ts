import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryDirectory } from "@niphas/testing";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";

const REPOSITORY = join(import.meta.dirname, "..");
const SYSTEM_TOOLS = ["bash", "cat", "dirname", "env", "grep"];
const WORKING = { docker: 0, kind: 0, kubectl: 0, helm: 0 };

/** It reads what it is given, as the real one: else who writes it would die of a broken pipe, or not, by chance. */
function writeTool(path: string, line: string, status: number): void {
  const readInput = `if [ "\${!#}" = - ]; then cat >/dev/null; fi`;
  writeFileSync(path, `#!/usr/bin/env bash\n${readInput}\necho "${line} $*"\nexit ${status}\n`);
  chmodSync(path, 0o755);
}

/** Runs the script where nothing is but these tools, each of which prints its command line and exits with a status. */
async function runKind(tools: Readonly<Record<string, number>>, ...args: readonly string[]) {
  await using directory = temporaryDirectory("kind");
  const [bin, scripts] = [directory.join("bin"), directory.join("scripts")];
  mkdirSync(bin);
  for (const tool of SYSTEM_TOOLS) symlinkSync(join("/usr/bin", tool), join(bin, tool));
  for (const [tool, status] of Object.entries(tools)) writeTool(join(bin, tool), tool, status);
  for (const script of ["kind.sh", "setup/common.sh"])
    cpSync(join(REPOSITORY, "scripts", script), join(scripts, script));
  writeTool(join(scripts, "images.sh"), "images.sh", 0);
  const run = spawnSync("/usr/bin/bash", [join(scripts, "kind.sh"), ...args], { encoding: "utf8", env: { PATH: bin } });
  return { exitCode: run.status, stdout: run.stdout.replaceAll(directory.path, ""), stderr: run.stderr };
}

describe("npm run kind", () => {
  it("names everything that is missing and how to get it, and changes nothing", async () => {
    const { exitCode, stdout, stderr } = await runKind({ kubectl: 0 });
    expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: "" });
    const missing = stderr
      .trim()
      .split("\n")
      .map((line) => /^kind: missing: (\S+) .*; to get it: https:\/\//.exec(line)?.[1]);
    expect(missing).toEqual(["docker", "kind", "helm"]);
  });

  it("says that Docker does not run", async () => {
    const { exitCode, stderr } = await runKind({ ...WORKING, docker: 1 });
    expect(exitCode).toBe(3);
    expect(stderr).toMatch(/^kind: missing: a running Docker /);
  });

  it("makes the cluster, builds and loads the images, installs the chart, and waits", async () => {
    const { exitCode, stdout } = await runKind(WORKING, "up");
    expect(exitCode).toBe(0);
    const steps = stdout.split("\n").map((line) => line.split(" ").slice(0, 4).join(" ").trim());
    expect(steps.filter((step) => !step.startsWith("kubectl"))).toEqual([
      "kind create cluster --config",
      "images.sh",
      ...["node", "control", "stub"].map((name) => `kind load image-archive /dist/images/${name}.tar`),
      "helm upgrade --install niphas",
      "",
    ]);
    expect(stdout).toContain("label --overwrite namespace niphas-system pod-security.kubernetes.io/enforce=privileged");
    expect(stdout).toMatch(/rollout status deployment\/niphas-controller --timeout 300s\n$/);
  });

  it("stops at the first step that fails", async () => {
    const { exitCode, stdout } = await runKind({ ...WORKING, kind: 1 }, "up");
    expect(exitCode).not.toBe(0);
    expect(stdout).not.toContain("helm");
  });

  it("takes the cluster away", async () => {
    expect(await runKind(WORKING, "down")).toMatchObject({
      exitCode: 0,
      stdout: "kind delete cluster --name niphas\n",
    });
  });

  it("refuses what it does not know", async () => {
    expect(await runKind(WORKING, "restart")).toMatchObject({ exitCode: 2, stdout: "" });
  });
});

describe("kind-config.yaml", () => {
  it("has three nodes, one of them for the control plane", () => {
    const config = parse(readFileSync(join(REPOSITORY, "kind-config.yaml"), "utf8"));
    expect(config.nodes.map((node: { role: string }) => node.role)).toEqual(["control-plane", "worker", "worker"]);
  });
});
