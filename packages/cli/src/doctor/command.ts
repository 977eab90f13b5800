import { release } from "node:os";
import { Command } from "commander";
import { type CliContext, isRoot } from "../cli/context.ts";
import {
  addStateDirOption,
  addStoreOption,
  addSubstituterOptions,
  nixSettings,
  type StoreFlags,
  stateDirOf,
  storeRootDir,
  substituterUrls,
  trustedKeyTexts,
} from "../store/store-options.ts";
import { type Check, isHealthy } from "./check.ts";
import { checkFileSystems, checkKernel, readFileSystems } from "./checks/kernel.ts";
import { checkKeys } from "./checks/keys.ts";
import { checkKubeletDir } from "./checks/kubelet.ts";
import { checkNamespaces } from "./checks/namespaces.ts";
import { checkDiskSpace, checkNixVersion, checkStoreDatabase } from "./checks/store.ts";
import { checkSubstituters } from "./checks/substituters.ts";
import { checkTools } from "./checks/tools.ts";
import { checkViews } from "./checks/views.ts";
import { checksJson, renderChecks } from "./render-checks.ts";

const DEFAULT_KUBELET_DIR = "/var/lib/kubelet";

const EXAMPLES = `
Examples:
  niphas doctor
  niphas doctor --json | jq '.checks[] | select(.status != "ok")'
  niphas doctor --substituter https://cache.example.org --trusted-public-key example-1:…

Exits with 0 when niphas can work here, with 1 when a check failed.`;

interface DoctorFlags extends StoreFlags {
  readonly kubeletDir?: string;
  readonly json?: true;
}

/** `niphas doctor`; the JSON is described at {@link checksJson}. */
export function doctorCommand(context: CliContext): Command {
  const command = new Command("doctor")
    .description("Check this machine: kernel, tools, Nix, store, keys, views. Says what to do for each failure.")
    .option("--kubelet-dir <dir>", `the kubelet's directory (default: ${DEFAULT_KUBELET_DIR})`)
    .option("--json", "print JSON")
    .addHelpText("after", EXAMPLES);
  addSubstituterOptions(addStateDirOption(addStoreOption(command)));
  return command.action(async (flags: DoctorFlags) => {
    const checks = await runChecks(flags, context);
    context.output.write(flags.json ? checksJson(checks) : renderChecks(checks));
    if (!isHealthy(checks)) context.setExitCode(1);
  });
}

async function runChecks(flags: DoctorFlags, context: CliContext): Promise<readonly Check[]> {
  const { signal } = context;
  const kernel = checkKernel(process.platform, release());
  // Nothing below has a meaning elsewhere.
  if (process.platform !== "linux") return [kernel];
  const stateDir = stateDirOf(flags, context);
  const rootDir = storeRootDir(flags, context);
  const keys = checkKeys(trustedKeyTexts(flags));
  // Keys and caches have checks of their own; Nix is only asked for its version.
  const settings = nixSettings({ ...flags, trustedPublicKey: [], substituter: [] }, context);
  const [namespaces, tools, nixVersion, substituters] = await Promise.all([
    checkNamespaces(isRoot(context), signal),
    checkTools(isRoot(context), signal),
    checkNixVersion(settings),
    checkSubstituters(substituterUrls(flags), signal),
  ]);
  const views = isRoot(context) ? await checkViews(stateDir, signal) : [];
  return [
    kernel,
    checkFileSystems(readFileSystems()),
    namespaces,
    ...tools,
    nixVersion,
    checkStoreDatabase(rootDir),
    checkDiskSpace(rootDir),
    keys,
    ...substituters,
    ...views,
    checkKubeletDir(flags.kubeletDir ?? DEFAULT_KUBELET_DIR, flags.kubeletDir !== undefined),
  ];
}
