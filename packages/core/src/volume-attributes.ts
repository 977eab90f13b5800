import { NiphasError } from "./errors.ts";
import { nearestText } from "./nearest-text.ts";
import { type PathInStore, parsePathInStore, type StorePath, storePathName } from "./store-path.ts";
import { isSystem, type System } from "./system.ts";
import type { ViewLayout, ViewLink } from "./view-key.ts";

/** What a pod's `volumeAttributes` ask for, on one node. */
export interface VolumeRequest {
  /** Sorted, without repeats, at least one. */
  readonly roots: readonly StorePath[];
  readonly layout: ViewLayout;
  readonly links: readonly ViewLink[];
  /** `tree` when the pod asks for it (needed for `hostUsers: false`). */
  readonly view: "auto" | "tree";
}

/** Who asks: what the kubelet adds with `podInfoOnMount`. Empty strings when it did not. */
export interface PodIdentity {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly serviceAccount: string;
}

/** Keys with this prefix belong to the kubelet and are never "unknown". */
export const KUBELET_KEY_PREFIX = "csi.storage.k8s.io/";

/** The CSI specification's bound on a map, which Kubernetes does not enforce. */
export const MAX_ATTRIBUTES_BYTES = 4096;
const MAX_ROOTS = 64;
/** The characters and length of a DNS subdomain, which all of these names are. */
const KUBERNETES_NAME = /^[a-z0-9][a-z0-9.-]{0,252}$/;
const MAX_REPORTED_KEYS = 3;

const REFUSED: Readonly<Record<string, string>> = {
  flakeRef:
    "flakeRef is not evaluated on nodes: build and push the closure, then give its storePath, or use a NiphasWorkload",
  nixExpr:
    "nixExpr is not evaluated on nodes: build and push the closure, then give its storePath, or use a NiphasWorkload",
  closure: "closure needs the evaluator, which is not installed: give a storePath",
};

/**
 * Reads `volumeAttributes` for a node of the given system. Niphas's own keys,
 * nix-store-csi's (`storePaths`) and nix-csi's (`<system>`, layout `nix`) are
 * understood; all others are refused.
 * @throws NiphasError InvalidAttribute, UnsupportedAttribute, WrongSystem, InvalidStorePath
 */
export function parseVolumeAttributes(attributes: Readonly<Record<string, string>>, system: System): VolumeRequest {
  const own = Object.entries(attributes).filter(([key]) => !key.startsWith(KUBELET_KEY_PREFIX));
  refuseOversize(own);
  refuseUnknown(
    own.map(([key]) => key),
    system,
  );
  const values = new Map(own);
  const { text, layout } = chooseRootText(values, system);
  const roots = parseRoots(text);
  if (layout === "nix" && roots.length > 1) {
    throw new NiphasError("InvalidAttribute", `${system} takes one store path, for /nix/var/result: use storePath`);
  }
  return {
    roots,
    layout,
    links: entrypointLinks(values.get("entrypoint"), roots),
    view: parseView(values.get("view")),
  };
}

/**
 * The pod as the kubelet names it.
 * @throws NiphasError InvalidRequest on what cannot be a Kubernetes name; it would reach logs and policy messages
 */
export function parsePodIdentity(attributes: Readonly<Record<string, string>>): PodIdentity {
  const read = (key: string): string => {
    const value = attributes[`${KUBELET_KEY_PREFIX}${key}`] ?? "";
    if (value === "" || KUBERNETES_NAME.test(value)) return value;
    throw new NiphasError("InvalidRequest", `${KUBELET_KEY_PREFIX}${key} is not a Kubernetes name`);
  };
  return {
    namespace: read("pod.namespace"),
    name: read("pod.name"),
    uid: read("pod.uid"),
    serviceAccount: read("serviceAccount.name"),
  };
}

function refuseOversize(entries: readonly (readonly [string, string])[]): void {
  let sizeBytes = 0;
  for (const [key, value] of entries) sizeBytes += Buffer.byteLength(key) + Buffer.byteLength(value);
  if (sizeBytes > MAX_ATTRIBUTES_BYTES) {
    throw new NiphasError(
      "InvalidAttribute",
      `volumeAttributes hold ${sizeBytes} bytes; at most ${MAX_ATTRIBUTES_BYTES} are allowed`,
    );
  }
}

function refuseUnknown(keys: readonly string[], system: System): void {
  for (const key of keys) {
    const advice = Object.hasOwn(REFUSED, key) ? REFUSED[key] : undefined;
    if (advice !== undefined) throw new NiphasError("UnsupportedAttribute", advice);
  }
  const unknown = keys.filter((key) => !isKnownKey(key));
  if (unknown.length === 0) return;
  const shown = unknown
    .slice(0, MAX_REPORTED_KEYS)
    .map((key) => `${printable(key)}${suggestion(key, system)}`)
    .join(", ");
  throw new NiphasError(
    "InvalidAttribute",
    `unknown volume attribute ${shown}: allowed are storePath, storePath.<system>, entrypoint, view`,
  );
}

/** For a slip of the pen. Says nothing that the pod did not know. */
function suggestion(key: string, system: System): string {
  const meant = nearestText(key, ["storePath", "entrypoint", "view", `storePath.${system}`]);
  return meant === undefined ? "" : ` (did you mean ${meant}?)`;
}

function isKnownKey(key: string): boolean {
  if (["storePath", "storePaths", "entrypoint", "view"].includes(key)) return true;
  const [stem, ...rest] = key.split(".");
  if (rest.length > 0) return (stem === "storePath" || stem === "storePaths") && isSystem(rest.join("."));
  return isSystem(key);
}

interface RootText {
  readonly text: string;
  readonly layout: ViewLayout;
}

/** A key for this system wins over one for all systems; two that disagree in kind are refused. */
function chooseRootText(attributes: ReadonlyMap<string, string>, system: System): RootText {
  const forSystem = ["storePath", "storePaths"]
    .filter((stem) => attributes.has(`${stem}.${system}`))
    .map((stem) => `${stem}.${system}`);
  const forAll = ["storePath", "storePaths"].filter((stem) => attributes.has(stem));
  const stemKeys = [...attributes.keys()].filter((key) => key.startsWith("storePath"));
  const systemKeys = [...attributes.keys()].filter(isSystem);
  if (stemKeys.length > 0 && systemKeys.length > 0) {
    throw new NiphasError("InvalidAttribute", "storePath and <system> attributes cannot be used together");
  }
  const candidates = forSystem.length > 0 ? forSystem : forAll;
  if (candidates.length > 1) throw new NiphasError("InvalidAttribute", "give storePath or storePaths, not both");
  const key = candidates[0];
  if (key !== undefined) return { text: attributes.get(key) ?? "", layout: "store" };
  const dialect = attributes.get(system);
  if (dialect !== undefined) return { text: dialect, layout: "nix" };
  if (stemKeys.length + systemKeys.length > 0) {
    throw new NiphasError(
      "WrongSystem",
      `no store path is given for this node's system ${system}: add storePath.${system}, or a nodeAffinity on kubernetes.io/arch`,
    );
  }
  throw new NiphasError("InvalidAttribute", "storePath is missing: give /nix/store/<hash>-<name>");
}

function parseRoots(text: string): readonly StorePath[] {
  const words = text.split(/[ \t\n]+/).filter((word) => word !== "");
  if (words.length === 0)
    throw new NiphasError("InvalidAttribute", "storePath is empty: give /nix/store/<hash>-<name>");
  if (words.length > MAX_ROOTS)
    throw new NiphasError("InvalidAttribute", `at most ${MAX_ROOTS} store paths are allowed`);
  const roots = [...new Set(words.map((word) => parsePathInStore(word).storePath))].sort();
  const names = new Set(roots.map(storePathName));
  if (names.size !== roots.length) {
    throw new NiphasError(
      "InvalidAttribute",
      "two store paths have the same name, so /nix/store/.roots/<name> would be ambiguous: use two volumes",
    );
  }
  return roots;
}

function entrypointLinks(entrypoint: string | undefined, roots: readonly StorePath[]): readonly ViewLink[] {
  if (entrypoint === undefined) return [];
  const target: PathInStore = parsePathInStore(entrypoint);
  if (!roots.includes(target.storePath)) {
    throw new NiphasError("InvalidAttribute", "entrypoint must lie inside one of the volume's store paths");
  }
  return [{ name: "entrypoint", target: entrypoint }];
}

function parseView(text: string | undefined): "auto" | "tree" {
  if (text === undefined || text === "auto") return "auto";
  if (text === "tree") return "tree";
  throw new NiphasError("InvalidAttribute", "view must be auto or tree");
}

/** Keys are hostile too: at most 40 characters of a safe set reach a message. */
function printable(key: string): string {
  const safe = key.slice(0, 40).replace(/[^A-Za-z0-9._/-]/g, "?");
  return `"${safe}"`;
}
