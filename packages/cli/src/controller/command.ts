import { DRIVER_NAME, type ListenAddress, LOG_LEVELS, type LogLevel, parseChoice } from "@niphas/core";
import { Command } from "commander";
import type { CliContext } from "../cli/context.ts";
import { envOption } from "../cli/env-option.ts";
import { checked, parseListenOption, parseObjectName, parseTaintKey } from "../cli/option-parsers.ts";

const DESCRIPTION = `Run the node controller, in a pod of the cluster.

Takes the startup taint off each node as soon as the kubelet there has registered the CSI driver, so that pods
which need closures do not come to a node before it can serve them. Never adds a taint.`;

const NOTES = `
Every flag is also an environment variable, and the flag wins.

Nodes get the taint from whoever makes them, such as kubelet --register-with-taints=niphas.io/not-ready=:NoSchedule.
Rights that it needs: list, watch, patch on nodes; list, watch on csinodes.storage.k8s.io.

Examples:
  niphas controller
  niphas controller --kubeconfig ~/.kube/config --health-listen off`;

interface ControllerFlags {
  readonly driver: string;
  readonly taint: string;
  readonly healthListen: { readonly address: ListenAddress | undefined };
  readonly logLevel: LogLevel;
  readonly kubeconfig?: string;
}

/** `niphas controller`. Ends at a signal. */
export function controllerCommand(context: CliContext): Command {
  const option = (flags: string, description: string) => envOption("controller", flags, description);
  return new Command("controller")
    .description(DESCRIPTION)
    .summary("Run the node controller, in a pod of the cluster.")
    .addOption(
      option("--driver <name>", "CSI driver to wait for").default(DRIVER_NAME).argParser(checked(parseObjectName)),
    )
    .addOption(
      option("--taint <key>", "key of the startup taint")
        .default("niphas.io/not-ready")
        .argParser(checked(parseTaintKey)),
    )
    .addOption(
      option("--health-listen <address:port>", "where /livez, /readyz and /metrics are served; off for nowhere")
        .default(parseListenOption("127.0.0.1:9810"), "127.0.0.1:9810")
        .argParser(checked(parseListenOption)),
    )
    .addOption(
      option("--log-level <level>", LOG_LEVELS.join(", "))
        .default("info")
        .argParser(checked((text) => parseChoice(text, LOG_LEVELS))),
    )
    .addOption(
      option("--kubeconfig <file>", "credentials, of which the current context counts (default: the pod's own)"),
    )
    .addHelpText("after", NOTES)
    .allowExcessArguments(false)
    .action(async (flags: ControllerFlags) => {
      // Loaded only here: the client library for Kubernetes is large.
      const { runController } = await import("@niphas/operator");
      const options = {
        kubeconfigFile: flags.kubeconfig,
        driverName: flags.driver,
        taintKey: flags.taint,
        healthListen: flags.healthListen.address,
        logLevel: flags.logLevel,
      };
      await runController(options, context.signal);
    });
}
