import { NiphasError, type StorePath, storePathName } from "@niphas/core";
import type { BindSpec } from "./bind-spec.ts";

export type Environment = Readonly<Record<string, string>> & { readonly PATH: string; readonly HOME: string };

export interface EnvironmentInput {
  /** The environment of niphas itself; only a few variables pass. */
  readonly host: Readonly<Record<string, string | undefined>>;
  readonly roots: readonly StorePath[];
  readonly binds: readonly BindSpec[];
  /** The `--env` arguments in their order. */
  readonly requested: readonly string[];
}

/** What describes the terminal and the language of the person in front of it; all else stays outside. */
const PASSED = ["TERM", "COLORTERM", "NO_COLOR", "LANG", "LANGUAGE"];
const DEFAULT_HOME = "/tmp";

/**
 * The program's whole environment: PATH, HOME, what {@link PASSED} and LC_* hold, then `--env`.
 * HOME is the user's own when a bind shows it, else /tmp.
 * @throws NiphasError InvalidRequest
 */
export function programEnvironment(input: EnvironmentInput): Environment {
  const environment: Record<string, string> & { PATH: string; HOME: string } = {
    PATH: input.roots.map((root) => `/nix/store/.roots/${storePathName(root)}/bin`).join(":"),
    HOME: homeDir(input.host["HOME"], input.binds),
  };
  for (const [name, value] of Object.entries(input.host)) {
    if (value !== undefined && (PASSED.includes(name) || name.startsWith("LC_"))) environment[name] = value;
  }
  for (const text of input.requested) {
    const [name, value] = parseEnvironmentArgument(text, input.host);
    if (value !== undefined) environment[name] = value;
  }
  return environment;
}

/** Reads `NAME=VALUE`, or `NAME` for the host's value; undefined when the host has none. */
function parseEnvironmentArgument(
  text: string,
  host: Readonly<Record<string, string | undefined>>,
): readonly [string, string | undefined] {
  const separator = text.indexOf("=");
  const name = separator < 0 ? text : text.slice(0, separator);
  if (name === "" || name.includes("\0")) {
    throw new NiphasError("InvalidRequest", "--env takes NAME=VALUE, or NAME to pass the value that it has here");
  }
  return [name, separator < 0 ? host[name] : text.slice(separator + 1)];
}

function homeDir(hostHome: string | undefined, binds: readonly BindSpec[]): string {
  if (hostHome === undefined || !hostHome.startsWith("/") || hostHome === "/") return DEFAULT_HOME;
  const isBound = binds.some((bind) => hostHome === bind.target || hostHome.startsWith(`${bind.target}/`));
  return isBound ? hostHome : DEFAULT_HOME;
}
