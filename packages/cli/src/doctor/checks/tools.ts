import { OWN_STORE_UNTOUCHED } from "../../store/chroot-store-session.ts";
import { runTool } from "../../tools/run-tool.ts";
import { type Check, fail, ok, warn } from "../check.ts";

interface Tool {
  readonly name: string;
  readonly isEssential: boolean;
  readonly advice: string;
}

/** For every user. */
const ESSENTIAL: readonly Tool[] = [
  { name: "nix-store", isEssential: true, advice: "install Nix 2.8 or newer (Debian: apt install nix-bin)" },
  { name: "unshare", isEssential: true, advice: "install util-linux" },
];

/** For views that only root can make. */
const FOR_ROOT: readonly Tool[] = [
  {
    name: "mount.composefs",
    isEssential: false,
    advice: "install composefs (Debian: apt install composefs) for views that are built faster",
  },
];

/** Finds each tool on PATH and asks it for its version. */
export async function checkTools(isRoot: boolean, signal: AbortSignal): Promise<readonly Check[]> {
  const tools = isRoot ? [...ESSENTIAL, ...FOR_ROOT] : ESSENTIAL;
  return await Promise.all(tools.map((tool) => checkTool(tool, signal)));
}

async function checkTool(tool: Tool, signal: AbortSignal): Promise<Check> {
  const id = `tool-${tool.name}`;
  const result = await runTool(tool.name, ["--version"], { signal, env: OWN_STORE_UNTOUCHED });
  // mount.composefs does not know the flag, and says how it is used instead.
  if (result.outcome === "exited" && (result.exitCode === 0 || !tool.isEssential))
    return ok(id, `${tool.name} ${versionIn(result.text)}`.trim());
  const problem = result.outcome === "missing" ? "is not on PATH" : "does not answer";
  const message = `${tool.name} ${problem}`;
  return tool.isEssential ? fail(id, message, tool.advice) : warn(id, message, tool.advice);
}

/** The first thing that looks like a version; empty when the tool tells none. */
export function versionIn(text: string): string {
  return /\b\d+\.\d+(?:\.\d+)*\b/.exec(text)?.[0] ?? "";
}
