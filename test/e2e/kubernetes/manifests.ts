import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { StorePath } from "@niphas/core";
import { DRIVER_NAME } from "./objects.ts";

/** Store paths for the placeholders of an example, by name. */
export type ExampleRoots = Readonly<Record<string, StorePath>>;

export interface PodInit {
  readonly name: string;
  /** `volumeAttributes` of the one volume, which is mounted at /nix/store. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly command: readonly string[];
  /** @default wherever the scheduler puts it */
  readonly nodeName?: string;
  /** `csi.readOnly`; left out if undefined. @default true */
  readonly readOnly?: boolean | undefined;
  /** @default default */
  readonly serviceAccountName?: string;
  /** Of the whole pod. @default none, so that the image says who runs it */
  readonly securityContext?: Readonly<Record<string, number | boolean>>;
  /** @default Never */
  readonly restartPolicy?: "Always" | "Never";
}

export const EXAMPLES_DIR = fileURLToPath(new URL("../../../examples/kubernetes", import.meta.url));
export const STUB_IMAGE = "localhost/niphas/stub:0.1.0";

/** `/nix/store/000…0-web` for the machine's own system and `/nix/store/111…1-web` for the other one. */
const PLACEHOLDER = /\/nix\/store\/([01])\1{31}-([a-z-]+)/g;
const OWN_SYSTEM = process.arch === "arm64" ? "1" : "0";

/** An example with real store paths in the place of its placeholders. The other system's stay: no node here needs them. */
export function example(name: string, roots: ExampleRoots): string {
  return fillPlaceholders(readFileSync(join(EXAMPLES_DIR, `${name}.yaml`), "utf8"), roots);
}

export function fillPlaceholders(text: string, roots: ExampleRoots): string {
  const hasBoth = /\/nix\/store\/1{32}-/.test(text);
  return text.replace(PLACEHOLDER, (placeholder, digit: string, name: string) => {
    if (hasBoth && digit !== OWN_SYSTEM) return placeholder;
    const root = roots[name];
    if (root === undefined) throw new Error(`the example needs a store path for ${placeholder}`);
    return root;
  });
}

/** A pod with one closure on the stub image; it is not restarted unless it says so. */
export function podManifest(init: PodInit): string {
  const spec = { ...podSpec(init), restartPolicy: init.restartPolicy ?? "Never" };
  return JSON.stringify({ apiVersion: "v1", kind: "Pod", metadata: { name: init.name }, spec });
}

export interface DeploymentInit extends PodInit {
  readonly replicas: number;
  /** As many on each node, give or take one. @default false */
  readonly isSpread?: boolean;
}

/** Replicas of such a pod. */
export function deploymentManifest(init: DeploymentInit): string {
  const labels = { "app.kubernetes.io/name": init.name };
  const spread = {
    maxSkew: 1,
    topologyKey: "kubernetes.io/hostname",
    whenUnsatisfiable: "DoNotSchedule",
    labelSelector: { matchLabels: labels },
  };
  const more = init.isSpread === true ? { topologySpreadConstraints: [spread] } : {};
  const template = { metadata: { labels }, spec: { ...podSpec(init), ...more } };
  const spec = { replicas: init.replicas, selector: { matchLabels: labels }, template };
  return JSON.stringify({ apiVersion: "apps/v1", kind: "Deployment", metadata: { name: init.name }, spec });
}

function podSpec(init: PodInit): object {
  const readOnly = "readOnly" in init ? init.readOnly : true;
  return {
    ...(init.nodeName === undefined ? {} : { nodeSelector: { "kubernetes.io/hostname": init.nodeName } }),
    serviceAccountName: init.serviceAccountName ?? "default",
    terminationGracePeriodSeconds: 1,
    ...(init.securityContext === undefined ? {} : { securityContext: init.securityContext }),
    containers: [
      {
        name: "main",
        image: STUB_IMAGE,
        imagePullPolicy: "IfNotPresent",
        command: init.command,
        volumeMounts: [{ name: "nix", mountPath: "/nix/store" }],
      },
    ],
    volumes: [{ name: "nix", csi: { driver: DRIVER_NAME, readOnly, volumeAttributes: init.attributes } }],
  };
}
