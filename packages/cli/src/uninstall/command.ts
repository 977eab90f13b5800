import { DRIVER_NAME, isNiphasError, parseDirectory, parseDurationMs } from "@niphas/core";
import { Command } from "commander";
import type { CliContext } from "../cli/context.ts";
import { envOption } from "../cli/env-option.ts";
import { checked, parseImage, parseObjectName } from "../cli/option-parsers.ts";
import { writeTerminationMessage } from "../terminal/termination-message.ts";

const DESCRIPTION = `Take the node plugin and its traces off the cluster; the chart runs it before it is uninstalled.

Refuses, and lists them, while pods use volumes of the driver. Then deletes the plugin's DaemonSet and runs
niphas clean-node in a pod on each node where the plugin has run. May be cut off and run again.`;

const NOTES = `
Every flag is also an environment variable, and the flag wins. Durations are written 90s, 5m.

Forced by kubectl annotate daemonset niphas-node niphas.io/force-uninstall=true: pods that use volumes lose them.

Examples:
  niphas uninstall --node-image registry.example/niphas/node:0.1.0
  niphas uninstall --node-image registry.example/niphas/node:0.1.0 --keep-store --kubeconfig ~/.kube/config

Exit codes: 0 done (nodes that are down are listed), 5 pods use volumes, 8 not all nodes are clean, run it again.`;

const TIMEOUT_RANGE = { minMs: 1000, maxMs: 24 * 3_600_000 };

interface UninstallFlags {
  readonly namespace: string;
  readonly daemonSet: string;
  readonly driver: string;
  readonly nodeImage: string;
  readonly stateDir: string;
  readonly kubeletDir: string;
  readonly keepStore?: true;
  readonly timeout: number;
  readonly kubeconfig?: string;
}

/** `niphas uninstall`. What it says goes to standard error, and into the container's termination message. */
export function uninstallCommand(context: CliContext): Command {
  const option = (flags: string, description: string) => envOption("uninstall", flags, description);
  const directory = checked(parseDirectory);
  const name = checked(parseObjectName);
  return new Command("uninstall")
    .description(DESCRIPTION)
    .summary("Take the node plugin and its traces off the cluster.")
    .addOption(option("--namespace <name>", "where the platform is installed").default("niphas-system").argParser(name))
    .addOption(option("--daemon-set <name>", "the node plugin's DaemonSet").default("niphas-node").argParser(name))
    .addOption(option("--driver <name>", "whose volumes are in the way").default(DRIVER_NAME).argParser(name))
    .addOption(
      option("--node-image <image>", "image of the pods that clean nodes; required")
        .makeOptionMandatory()
        .argParser(checked(parseImage)),
    )
    .addOption(
      option("--state-dir <dir>", "the plugin's, on the nodes").default("/var/lib/niphas").argParser(directory),
    )
    .addOption(
      option("--kubelet-dir <dir>", "the kubelet's, on the nodes").default("/var/lib/kubelet").argParser(directory),
    )
    .addOption(option("--keep-store", "leave the store paths on the nodes, for the next plugin"))
    .addOption(
      option("--timeout <time>", "for all of it")
        .default(parseDurationMs("4m", TIMEOUT_RANGE), "4m")
        .argParser(checked((text) => parseDurationMs(text, TIMEOUT_RANGE))),
    )
    .addOption(
      option("--kubeconfig <file>", "credentials, of which the current context counts (default: the pod's own)"),
    )
    .addHelpText("after", NOTES)
    .allowExcessArguments(false)
    .action(async (flags: UninstallFlags) => runReporting(flags, context));
}

async function runReporting(flags: UninstallFlags, context: CliContext): Promise<void> {
  const lines: string[] = [];
  const report = (line: string): void => {
    lines.push(line);
    context.output.writeError(`${line}\n`);
  };
  try {
    // Loaded only here: the client library for Kubernetes is large.
    const { runUninstall } = await import("@niphas/operator");
    await runUninstall(optionsOf(flags), { report, signal: context.signal });
  } catch (error) {
    if (isNiphasError(error)) lines.push(error.message);
    throw error;
  } finally {
    writeTerminationMessage(lines);
  }
}

function optionsOf(flags: UninstallFlags) {
  return {
    kubeconfigFile: flags.kubeconfig,
    namespace: flags.namespace,
    daemonSetName: flags.daemonSet,
    driverName: flags.driver,
    nodeImage: flags.nodeImage,
    stateDir: flags.stateDir,
    kubeletDir: flags.kubeletDir,
    keepStore: flags.keepStore ?? false,
    timeoutMs: flags.timeout,
  };
}
