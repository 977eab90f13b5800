import { runCommand } from "@niphas/testing";
import type { Namespaces } from "../namespaces/namespaces.ts";
import { DEVICE, type Station } from "./partition.ts";

/** A rule for packets that are dropped at random; iptables-extensions(8), "statistic". */
function dropRule(share: number): readonly string[] {
  const random = ["--match", "statistic", "--mode", "random", "--probability", String(share)];
  return ["--append", "INPUT", "--in-interface", DEVICE, ...random, "--jump", "DROP"];
}

/** From now on this share of what gets to someone is lost at random, in silence. @param share from 0 to 1; 0: nothing */
export async function losePackets(
  namespaces: Namespaces,
  { namespace }: Station,
  share: number,
  signal: AbortSignal,
): Promise<void> {
  const run = async (rule: readonly string[]): Promise<void> => {
    await runCommand(namespaces.outsideCommand(namespace, ["iptables", "--wait", ...rule]), { signal });
  };
  await run(["--flush", "INPUT"]);
  if (share > 0) await run(dropRule(share));
}

/** Why no packets can be lost here; undefined: they can. Not each kernel can choose at random. */
export async function missingForPacketLoss(): Promise<string | undefined> {
  const command = ["unshare", "--net", "--", "iptables", "--wait", ...dropRule(0.5)];
  const found = await runCommand(command, { allowFailure: true }).catch((error: Error) => ({
    exitCode: 1,
    stderr: error.message,
  }));
  return found.exitCode === 0 ? undefined : `iptables with its match "statistic": ${found.stderr.trim()}`;
}
