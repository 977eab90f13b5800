import { runTool } from "../../tools/run-tool.ts";
import { type Check, fail, ok, warn } from "../check.ts";

interface Tool {
  readonly name: string;
  readonly isEssential: boolean;
  readonly advice: string;
}

const COMPOSEFS_ADVICE = "install composefs (Debian: apt install composefs) for views that are built faster";

const TOOLS: readonly Tool[] = [
  { name: "nix-store", isEssential: true, advice: "install Nix 2.8 or newer (Debian: apt install nix-bin)" },
  { name: "unshare", isEssential: true, advice: "install util-linux" },
  { name: "mkcomposefs", isEssential: false, advice: COMPOSEFS_ADVICE },
  { name: "mount.composefs", isEssential: false, advice: COMPOSEFS_ADVICE },
];

/** Finds each tool on PATH and asks it for its version. */
export async function checkTools(signal: AbortSignal): Promise<readonly Check[]> {
  return await Promise.all(TOOLS.map((tool) => checkTool(tool, signal)));
}

async function checkTool(tool: Tool, signal: AbortSignal): Promise<Check> {
  const id = `tool-${tool.name}`;
  const result = await runTool(tool.name, ["--version"], { signal });
  if (result.outcome === "exited") return ok(id, `${tool.name} ${versionIn(result.text)}`.trim());
  const problem = result.outcome === "missing" ? "is not on PATH" : "does not answer";
  const message = `${tool.name} ${problem}`;
  return tool.isEssential ? fail(id, message, tool.advice) : warn(id, message, tool.advice);
}

/** The first thing that looks like a version; empty when the tool tells none. */
export function versionIn(text: string): string {
  return /\b\d+\.\d+(?:\.\d+)*\b/.exec(text)?.[0] ?? "";
}
