import { dirname, join } from "node:path";
import { storePathBaseName, storePathName } from "@niphas/core";
import type { ViewPlan } from "@niphas/views";
import { listTreeAs } from "./listing.ts";

const DIRECTORY = "mode 40555 uid 0 gid 0 mtime 1000000000";

/** What the view must hold, worked out from the store itself. */
export function expectedListing(plan: ViewPlan): ReadonlyMap<string, string> {
  const prefix = plan.layout === "nix" ? "store/" : "";
  const expected = new Map<string, string>([["", DIRECTORY]]);
  const addLink = (path: string, target: string): void => {
    for (let dir = dirname(path); dir !== "."; dir = dirname(dir)) expected.set(dir, DIRECTORY);
    expected.set(path, `mode 120777 uid 0 gid 0 mtime 1000000000 -> ${target}`);
  };
  for (const root of plan.roots) addLink(`${prefix}.roots/${storePathName(root)}`, `../${storePathBaseName(root)}`);
  for (const link of plan.links) {
    const up = link.name.split("/").map(() => "..");
    addLink(`${prefix}.niphas/${link.name}`, [...up, link.target.slice("/nix/store/".length)].join("/"));
  }
  const [first] = plan.roots;
  if (plan.layout === "nix" && first !== undefined) {
    addLink("nix", ".");
    addLink("var/result", `../store/${storePathBaseName(first)}`);
  }
  for (const { path } of plan.closure) {
    const base = storePathBaseName(path);
    for (const [name, line] of listTreeAs(join(plan.physicalStoreDir, base), prefix + base)) expected.set(name, line);
  }
  return expected;
}
