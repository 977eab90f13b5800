import { fileURLToPath } from "node:url";
import { needs, runCommand } from "@niphas/testing";
import { beforeEach, expect, it, vi } from "vitest";
import { containersOf } from "./containers.ts";
import { renderObjects } from "./helm.ts";
import { VARIANTS } from "./variants.ts";

const NIPHAS = fileURLToPath(new URL("../../packages/cli/src/bin/niphas.js", import.meta.url));
/** The first thing that both commands do with their flags. */
const FLAGS_ARE_READ = "niphas: /nowhere/kubeconfig: cannot be read as a kubeconfig\n";

vi.setConfig({ testTimeout: 120_000 });

beforeEach((test) => needs(test, "NIPHAS_HELM"));

it.each([
  ["Deployment", "controller", "default"],
  ["Deployment", "controller", "full"],
  ["Job", "uninstall", "digest"],
  ["Job", "uninstall", "full"],
])("the arguments of the %s are understood by niphas %s, with the values %s", async (kind, command, variant) => {
  const [control] = containersOf(await renderObjects(VARIANTS[variant]), kind);
  const args = control?.container.args ?? [];
  expect(args[0]).toBe(command);
  const argv = [process.execPath, NIPHAS, ...args, "--kubeconfig=/nowhere/kubeconfig"];
  const { stderr } = await runCommand(argv, { env: process.env, allowFailure: true });
  expect(stderr).toBe(FLAGS_ARE_READ);
});

it("arguments that do not exist would be noticed", async () => {
  const argv = [process.execPath, NIPHAS, "controller", "--tain=x", "--kubeconfig=/nowhere/kubeconfig"];
  const { stderr } = await runCommand(argv, { env: process.env, allowFailure: true });
  expect(stderr).toContain("unknown option '--tain=x'");
});
