import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseStorePath, parseVolumeAttributes, systemOf } from "@niphas/core";
import { expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { exampleCases } from "../core/examples.ts";
import { EXAMPLES_DIR, example, fillPlaceholders } from "./manifests.ts";
import { DRIVER_NAME } from "./objects.ts";

const NAMES = readdirSync(EXAMPLES_DIR)
  .filter((name) => name.endsWith(".yaml"))
  .map((name) => name.slice(0, -".yaml".length));
const SYSTEMS = ["x64", "arm64"].map(systemOf);
const OWN_SYSTEM = systemOf(process.arch);
const ROOTS = Object.fromEntries(
  ["web", "site", "hello", "worker"].map((name) => [name, parseStorePath(`/nix/store/${"a".repeat(32)}-${name}`)]),
);

interface InlineVolume {
  readonly driver: string;
  readonly readOnly?: boolean;
  readonly volumeAttributes: Readonly<Record<string, string>>;
}

function volumesOf(text: string): readonly InlineVolume[] {
  return parseAllDocuments(text).flatMap((document) => {
    expect(document.errors).toEqual([]);
    const { spec } = document.toJS();
    const volumes: readonly { readonly csi?: InlineVolume }[] = (spec.template?.spec ?? spec).volumes ?? [];
    return volumes.flatMap(({ csi }) => csi ?? []);
  });
}

it.each(NAMES)("%s.yaml asks for volumes that the driver understands on each system", (name) => {
  const volumes = volumesOf(readFileSync(join(EXAMPLES_DIR, `${name}.yaml`), "utf8"));
  expect(volumes.length).toBeGreaterThan(0);
  for (const { driver, readOnly, volumeAttributes } of volumes) {
    expect({ driver, readOnly }).toEqual({ driver: DRIVER_NAME, readOnly: true });
    for (const system of SYSTEMS) expect(parseVolumeAttributes(volumeAttributes, system).roots).not.toEqual([]);
  }
});

it.each(NAMES)("%s.yaml is run by the core story and listed in the README", (name) => {
  expect(exampleCases.filter((each) => each.name.startsWith(`${name}: `))).toHaveLength(1);
  expect(readFileSync(join(EXAMPLES_DIR, "README.md"), "utf8")).toContain(`[${name}.yaml](${name}.yaml)`);
});

it.each(NAMES)("%s.yaml asks for nothing but real paths once its placeholders are filled in", (name) => {
  for (const { volumeAttributes } of volumesOf(example(name, ROOTS))) {
    const { roots } = parseVolumeAttributes(volumeAttributes, OWN_SYSTEM);
    for (const root of roots) expect(Object.values(ROOTS)).toContain(root);
  }
});

it("refuses an example that needs a path which nobody gave", () => {
  expect(() => fillPlaceholders(`storePath: /nix/store/${"0".repeat(32)}-other`, ROOTS)).toThrow(/-other$/);
});
