import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readPackage, type ThirdPartyPackage } from "../../bundle/third-party.ts";
import type { Component } from "./component.ts";
import { isLicenseExpression } from "./license-expression.ts";

const PROGRAM_DIR = "usr/local/lib/niphas";
const BUNDLED = `${PROGRAM_DIR}/third-party.json`;
const MODULES = [`${PROGRAM_DIR}/node_modules/*/package.json`, `${PROGRAM_DIR}/node_modules/@*/*/package.json`];

/** What `npmPackages` reads of an image. */
export const NPM_PATTERNS: readonly string[] = [BUNDLED, `${PROGRAM_DIR}/node_modules/*package.json`];

/** What is read of package-lock.json: https://docs.npmjs.com/cli/configuring-npm/package-lock-json */
export interface Lockfile {
  readonly packages: Readonly<Record<string, { readonly version?: string; readonly integrity?: string }>>;
}

/** The npm packages in an image, bundled or as modules, by name. */
export function npmPackages(root: string, lockfile: Lockfile): Component[] {
  const bundled: ThirdPartyPackage[] = existsSync(join(root, BUNDLED))
    ? JSON.parse(readFileSync(join(root, BUNDLED), "utf8"))
    : [];
  const modules = globSync(MODULES, { cwd: root }).map((path) => readPackage(join(root, path, "..")));
  const integrity = integrityByPackage(lockfile);
  return [...bundled, ...modules]
    .map((each) => npmComponent(each, integrity.get(`${each.name}@${each.version}`)))
    .sort((a, b) => (a.purl < b.purl ? -1 : 1));
}

/** `name@version` to the digest that npm checks the download against. */
function integrityByPackage(lockfile: Lockfile): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const [path, { version, integrity }] of Object.entries(lockfile.packages)) {
    const name = path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
    if (integrity !== undefined) found.set(`${name}@${version}`, integrity);
  }
  return found;
}

/** @param integrity in the form of https://www.w3.org/TR/SRI/ */
export function npmComponent(found: ThirdPartyPackage, integrity: string | undefined): Component {
  const base64 = /^sha512-(\S+)/.exec(integrity ?? "")?.[1];
  return {
    name: found.name,
    version: found.version,
    purl: `pkg:npm/${found.name.replace("@", "%40")}@${found.version}`,
    license: isLicenseExpression(found.license) ? found.license : undefined,
    supplier: undefined,
    sha512Hex: base64 === undefined ? undefined : Buffer.from(base64, "base64").toString("hex"),
    cpe: undefined,
  };
}
