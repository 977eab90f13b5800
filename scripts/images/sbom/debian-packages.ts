import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Component } from "./component.ts";

const STATUS_FILE = "var/lib/dpkg/status";
/** Where images without dpkg keep the same stanzas, one file for each package. */
const STATUS_DIR = "var/lib/dpkg/status.d";

/** What `debianPackages` reads of an image. */
export const DEBIAN_PATTERNS: readonly string[] = [
  STATUS_FILE,
  `${STATUS_DIR}/*`,
  "etc/os-release",
  "usr/lib/os-release",
];

/** The installed Debian packages of an image, by name. */
export function debianPackages(root: string): Component[] {
  const distribution = distributionName(root);
  return statusTexts(root)
    .flatMap(parseStatus)
    .filter((fields) => fields.get("Status")?.endsWith(" installed") ?? false)
    .map((fields) => toComponent(fields, distribution))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The stanzas of dpkg's status file: https://www.debian.org/doc/debian-policy/ch-controlfields.html */
export function parseStatus(text: string): ReadonlyMap<string, string>[] {
  return text
    .split(/\n\n+/)
    .filter((stanza) => stanza.trim() !== "")
    .map((stanza) => new Map(stanza.split("\n").flatMap(parseField)));
}

/** Lines that begin with a blank continue a field; none that is needed here is that long. */
function parseField(line: string): [string, string][] {
  const match = /^([^\s:]+):\s*(.*)$/.exec(line);
  return match === null ? [] : [[match[1] ?? "", match[2] ?? ""]];
}

function toComponent(fields: ReadonlyMap<string, string>, distribution: string | undefined): Component {
  const name = fields.get("Package") ?? "";
  const version = fields.get("Version") ?? "";
  return {
    name,
    version,
    purl: purl(name, version, fields, distribution),
    license: undefined,
    supplier: "Organization: Debian",
    sha512Hex: undefined,
    cpe: undefined,
  };
}

/** https://github.com/package-url/purl-spec/blob/main/types-doc/deb-definition.md */
function purl(
  name: string,
  version: string,
  fields: ReadonlyMap<string, string>,
  distribution: string | undefined,
): string {
  const qualifiers = new URLSearchParams({ arch: fields.get("Architecture") ?? "all" });
  if (distribution !== undefined) qualifiers.set("distro", distribution);
  return `pkg:deb/debian/${encodeURIComponent(name)}@${encodeURIComponent(version)}?${qualifiers}`;
}

function statusTexts(root: string): string[] {
  const file = join(root, STATUS_FILE);
  const directory = join(root, STATUS_DIR);
  const inDirectory = existsSync(directory) ? readdirSync(directory).map((name) => join(directory, name)) : [];
  return [file, ...inDirectory].filter((path) => existsSync(path)).map((path) => readFileSync(path, "utf8"));
}

/** `debian-forky`, as scanners expect it. */
function distributionName(root: string): string | undefined {
  const file = ["usr/lib/os-release", "etc/os-release"]
    .map((path) => join(root, path))
    .find((path) => existsSync(path));
  const codename = file === undefined ? undefined : /^VERSION_CODENAME=(.+)$/m.exec(readFileSync(file, "utf8"))?.[1];
  return codename === undefined ? undefined : `debian-${codename}`;
}
