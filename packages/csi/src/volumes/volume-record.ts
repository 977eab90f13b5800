import {
  isVolumeId,
  type PodIdentity,
  parseStorePath,
  parseViewKey,
  type StorePath,
  type ViewKey,
  type ViewLayout,
  type ViewLink,
  type VolumeId,
} from "@niphas/core";

export const RECORD_VERSION = 1;

/**
 * What is written beside a volume's roots before it is mounted. The presence of the mount, not of the record, makes a
 * volume published. The schema is in docs/interfaces.md.
 */
export interface VolumeRecord {
  readonly version: typeof RECORD_VERSION;
  readonly volumeId: VolumeId;
  readonly targetPath: string;
  readonly roots: readonly StorePath[];
  readonly layout: ViewLayout;
  readonly links: readonly ViewLink[];
  readonly view: "auto" | "tree";
  readonly viewKey: ViewKey;
  /** Where the view showed when the volume was published. */
  readonly viewRootDir: string;
  /** `major:minor` of the view's file system then: tells our mount apart when the view was activated anew since. */
  readonly viewDevice: string;
  readonly pod: PodIdentity;
  /** RFC 3339. */
  readonly createdAt: string;
  /** True when the janitor made it from the mount table: only target, roots and view are known, the rest is a guess. */
  readonly isRebuilt: boolean;
}

/** Reads a record's text; undefined when it is not one of this version, whatever is wrong with it. */
export function parseVolumeRecord(text: string): VolumeRecord | undefined {
  const json = parseJsonObject(text);
  if (json === undefined || json["version"] !== RECORD_VERSION) return undefined;
  try {
    return {
      version: RECORD_VERSION,
      volumeId: check(json["volumeId"], isVolumeIdValue),
      targetPath: check(json["targetPath"], isAbsolutePath),
      roots: check(json["roots"], isStringArray).map(parseStorePath),
      layout: check(json["layout"], isLayout),
      links: check(json["links"], isLinkArray).map(({ name, target }) => ({ name, target })),
      view: check(json["view"], isViewChoice),
      viewKey: check(json["viewKey"], isViewKey),
      viewRootDir: check(json["viewRootDir"], isAbsolutePath),
      viewDevice: check(json["viewDevice"], isString),
      pod: podOf(check(json["pod"], isObject)),
      createdAt: check(json["createdAt"], isString),
      isRebuilt: json["isRebuilt"] === true,
    };
  } catch {
    // Any field that is not as written makes the whole record worthless: the caller quarantines it.
    return undefined;
  }
}

export function formatVolumeRecord(record: VolumeRecord): string {
  return `${JSON.stringify(record)}\n`;
}

type JsonObject = Readonly<Record<string, unknown>>;

function parseJsonObject(text: string): JsonObject | undefined {
  try {
    const json: unknown = JSON.parse(text);
    return isObject(json) ? json : undefined;
  } catch {
    // Truncated or overwritten: not a record.
    return undefined;
  }
}

function podOf(pod: JsonObject): PodIdentity {
  return {
    namespace: check(pod["namespace"], isString),
    name: check(pod["name"], isString),
    uid: check(pod["uid"], isString),
    serviceAccount: check(pod["serviceAccount"], isString),
  };
}

function check<T>(value: unknown, is: (value: unknown) => value is T): T {
  if (!is(value)) throw new TypeError("unexpected value in a volume record");
  return value;
}

function isString(value: unknown): value is string {
  return typeof value === "string";
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isAbsolutePath(value: unknown): value is string {
  return isString(value) && value.startsWith("/") && !value.includes("\0") && !value.split("/").includes("..");
}

function isStringArray(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.length > 0 && value.every(isString);
}

function isLinkArray(value: unknown): value is readonly ViewLink[] {
  return (
    Array.isArray(value) && value.every((each) => isObject(each) && isString(each["name"]) && isString(each["target"]))
  );
}

function isLayout(value: unknown): value is ViewLayout {
  return value === "store" || value === "nix";
}

function isViewChoice(value: unknown): value is "auto" | "tree" {
  return value === "auto" || value === "tree";
}

function isVolumeIdValue(value: unknown): value is VolumeId {
  return isString(value) && isVolumeId(value);
}

function isViewKey(value: unknown): value is ViewKey {
  return isString(value) && parseViewKey(value) !== undefined;
}
