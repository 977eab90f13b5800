import { Command } from "commander";
import packageJson from "../../package.json" with { type: "json" };
import type { CliContext } from "../cli/context.ts";

/** `niphas version`. JSON: `{niphas, node, platform}`; platform as Node.js names it, `linux-x64`. */
export function versionCommand(context: CliContext): Command {
  return new Command("version")
    .description("Print the version of niphas and of the Node.js it runs on.")
    .option("--json", "print JSON")
    .addHelpText("after", "\nExamples:\n  niphas version\n  niphas version --json")
    .action((options: { json?: boolean }) => {
      const versions = {
        niphas: packageJson.version,
        node: process.versions.node,
        platform: `${process.platform}-${process.arch}`,
      };
      if (options.json) context.output.write(`${JSON.stringify(versions)}\n`);
      else context.output.write(`niphas ${versions.niphas} (Node.js ${versions.node}, ${versions.platform})\n`);
    });
}
