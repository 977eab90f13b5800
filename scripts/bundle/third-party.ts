/** Which packages of others a bundle holds: what its licence notice and the images' SBOM are made from. */
import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** One npm package, as `third-party.json` in a bundle lists it. */
export interface ThirdPartyPackage {
  readonly name: string;
  readonly version: string;
  /** SPDX expression, as the package declares it. */
  readonly license: string;
}

const PACKAGE_DIRECTORY = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/;
const LICENSE_FILES = ["LICENSE*", "LICENCE*", "license*", "COPYING*", "NOTICE*"];

/**
 * The directories of the packages that source files belong to, sorted, each once.
 *
 * @param inputs paths relative to the repository, as in esbuild's metafile.
 */
export function packageDirectories(inputs: readonly string[]): string[] {
  const directories = inputs.flatMap((input) => PACKAGE_DIRECTORY.exec(input)?.[0] ?? []);
  return [...new Set(directories)].sort();
}

/** Reads name, version and licence of the package in a directory. */
export function readPackage(directory: string): ThirdPartyPackage {
  const { name, version, license = "NOASSERTION" } = JSON.parse(readFileSync(join(directory, "package.json"), "utf8"));
  return { name, version, license };
}

/** One directory of each package: npm may install the same version in several places. */
export function distinctPackages(directories: readonly string[]): string[] {
  const byName = new Map<string, string>();
  for (const directory of directories) {
    const { name, version } = readPackage(directory);
    const key = `${name}@${version}`;
    if (!byName.has(key)) byName.set(key, directory);
  }
  return [...byName.values()];
}

/** The licence texts of the packages, one after another, each under its package's name. */
export function licenseNotice(directories: readonly string[]): string {
  return directories
    .map((directory) => `${heading(readPackage(directory))}\n\n${licenseText(directory)}`)
    .join(`\n\n${"-".repeat(80)}\n\n`);
}

function heading({ name, version, license }: ThirdPartyPackage): string {
  return `${name} ${version} (${license})`;
}

function licenseText(directory: string): string {
  const files = globSync(LICENSE_FILES, { cwd: directory }).sort();
  const texts = files
    .map((file) => join(directory, file))
    .filter((path) => existsSync(path))
    .map((path) => readFileSync(path, "utf8").trim());
  return texts.length > 0 ? texts.join("\n\n") : "The package comes without a licence text.";
}
