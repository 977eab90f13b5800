import { dirname } from "node:path/posix";
import {
  NiphasError,
  parsePathInStore,
  type StorePath,
  storePathBaseName,
  storePathName,
  type ViewLayout,
  type ViewLink,
} from "@niphas/core";

/** A symbolic link of the view: its path below the view's root and its (relative) target. */
export interface ContentLink {
  readonly path: string;
  readonly target: string;
}

/** Everything in a view besides the store paths themselves. All paths are relative to the view's root. */
export interface ViewContents {
  /** Where the store paths go: empty for the root itself, or `store`. */
  readonly storeDir: "" | "store";
  /** Directories below the root, parents first; `storeDir` is among them when it is not the root. */
  readonly directories: readonly string[];
  /** In the order of their paths. */
  readonly links: readonly ContentLink[];
}

export interface ViewContentsInput {
  readonly layout: ViewLayout;
  readonly roots: readonly StorePath[];
  readonly links: readonly ViewLink[];
}

const LINK_NAME_PART = /^[A-Za-z0-9+_=?-][A-Za-z0-9+._=?-]{0,254}$/;

/**
 * What a view holds besides its closure: `.roots/<name>` for each root,
 * `.niphas/<name>` for each link and, for layout `nix`, `var/result` for the
 * first root and `nix` for the view itself. All links are relative, so that they lead to the same place
 * wherever the view is mounted or looked at.
 * @throws NiphasError InvalidRequest when two roots have one name, or a link's name or target is not allowed
 */
export function viewContents(input: ViewContentsInput): ViewContents {
  const storeDir = input.layout === "nix" ? "store" : "";
  const prefix = storeDir === "" ? "" : `${storeDir}/`;
  const links = [
    ...rootLinks(input.roots).map((link) => ({ ...link, path: prefix + link.path })),
    ...input.links.map((link) => ({ path: `${prefix}.niphas/${linkName(link)}`, target: linkTarget(link) })),
    ...nixLayoutLinks(input),
  ].sort((a, b) => (a.path < b.path ? -1 : 1));
  const directories = parentDirectories(links.map((link) => link.path));
  if (storeDir !== "") directories.add(storeDir);
  const clash = links.find((link, index) => directories.has(link.path) || link.path === links[index + 1]?.path);
  if (clash !== undefined) throw invalid("two roots or links of the view have the same name");
  return { storeDir, directories: [...directories].sort(), links };
}

function rootLinks(roots: readonly StorePath[]): ContentLink[] {
  return roots.map((root) => ({ path: `.roots/${storePathName(root)}`, target: `../${storePathBaseName(root)}` }));
}

/** Pods of nix-csi mount the volume at /nix as it is, or by `subPath: nix`: the link makes both the same. */
function nixLayoutLinks(input: ViewContentsInput): ContentLink[] {
  const [first] = input.roots;
  if (input.layout !== "nix" || first === undefined) return [];
  return [
    { path: "nix", target: "." },
    { path: "var/result", target: `../store/${storePathBaseName(first)}` },
  ];
}

function linkName(link: ViewLink): string {
  if (!link.name.split("/").every((part) => LINK_NAME_PART.test(part)))
    throw invalid("a link of the view has no plain name");
  return link.name;
}

/** One `..` for each directory between the link and the store directory: `.niphas` and those of the name. */
function linkTarget(link: ViewLink): string {
  const { storePath, subPath } = parsePathInStore(link.target);
  const up = "../".repeat(link.name.split("/").length);
  const inside = subPath === "" ? "" : `/${subPath}`;
  return `${up}${storePathBaseName(storePath)}${inside}`;
}

function parentDirectories(paths: readonly string[]): Set<string> {
  const directories = new Set<string>();
  for (const path of paths) {
    for (let dir = dirname(path); dir !== "."; dir = dirname(dir)) directories.add(dir);
  }
  return directories;
}

function invalid(message: string): NiphasError {
  return new NiphasError("InvalidRequest", message);
}
