import { flagCommand, keepHeapSmall } from "@niphas/service";
import type { Command } from "commander";
import { FLAGS, type RawCsiOptions } from "./flags.ts";
import { runCsiPlugin } from "./main.ts";
import { parseCsiOptions } from "./options.ts";

const DESCRIPTION = `Serve the CSI node plugin csi.niphas.io.

Speaks CSI v1 to the kubelet, registers itself without a sidecar, and gives each pod a read-only
view of exactly one closure. Runs as root in the host's PID namespace, one per node.`;

const EXAMPLES = `
Every flag is also an environment variable, and the flag wins; lists are separated by spaces there.
Durations are written 500ms, 90s, 5m, 1h.

Examples:
  niphas csi --node-id "$NODE_NAME"
  niphas csi --node-id node-1 --substituter https://cache.example.org \\
    --trusted-public-key cache.example.org-1:0aMb…= --netrc-file /etc/niphas/netrc

Signals: SIGTERM and SIGINT end running calls within --shutdown-grace; a second one ends at once.
Exit codes: 0 after a signal, 2 wrong flags, 5 the state directory is in use, 8 something is unavailable.
`;

/** `niphas csi`. Its action ends when the plugin does, and throws NiphasError for what the caller's edge reports. */
export function csiCommand(): Command {
  const command = flagCommand("csi", { description: DESCRIPTION, notes: EXAMPLES }, FLAGS);
  command.action(async (raw: RawCsiOptions) => {
    await runUntilSignal(raw);
  });
  return command;
}

async function runUntilSignal(raw: RawCsiOptions): Promise<void> {
  const options = parseCsiOptions(raw);
  keepHeapSmall();
  const controller = new AbortController();
  const onSignal = (): void => {
    if (controller.signal.aborted) process.exit(1);
    controller.abort();
  };
  process.on("SIGTERM", onSignal);
  process.on("SIGINT", onSignal);
  try {
    await runCsiPlugin(options, controller.signal);
  } finally {
    process.off("SIGTERM", onSignal);
    process.off("SIGINT", onSignal);
  }
}
