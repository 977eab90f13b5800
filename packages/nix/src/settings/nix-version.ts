import { NiphasError } from "@niphas/core";

/** Major and minor version of the Nix on this machine. */
export interface NixVersion {
  readonly major: number;
  readonly minor: number;
  /** As Nix prints it. */
  readonly text: string;
}

/** The oldest Nix whose store, log and collector protocol this package is tested with. */
const OLDEST: NixVersion = { major: 2, minor: 8, text: "2.8" };

/**
 * Reads the output of `nix --version` or `nix-store --version`, such as `nix (Nix) 2.34.8`.
 * @throws NiphasError InvalidConfiguration when it is not a Nix or an older one than 2.8
 */
export function parseNixVersion(output: string): NixVersion {
  const match = /^nix[a-z-]* \([^)]{1,64}\) ((\d{1,4})\.(\d{1,4})[^\s]{0,64})\s*$/.exec(output);
  const [, text, major, minor] = match ?? [];
  if (text === undefined || major === undefined || minor === undefined) {
    throw new NiphasError("InvalidConfiguration", "nix --version gives no version: is this Nix?");
  }
  const version = { major: Number(major), minor: Number(minor), text };
  if (isAtLeast(version, OLDEST.major, OLDEST.minor)) return version;
  throw new NiphasError(
    "InvalidConfiguration",
    `Nix ${version.major}.${version.minor} is too old: install 2.8 or newer`,
  );
}

export function isAtLeast(version: NixVersion, major: number, minor: number): boolean {
  return version.major > major || (version.major === major && version.minor >= minor);
}
