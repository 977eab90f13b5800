import type { ImageSpec } from "./image.ts";

export interface BuildRequest {
  readonly image: ImageSpec;
  /** Name and tag that the image gets, `localhost/niphas/node:0.1.0`. */
  readonly reference: string;
  readonly version: string;
  /** Commit that the image is built from. */
  readonly revision: string;
  /** Where the OCI archive goes. */
  readonly file: string;
  readonly useCache: boolean;
}

/** What builds images: the one place where buildah and Docker differ. */
export interface ImageEngine extends AsyncDisposable {
  /** For messages. */
  readonly name: string;
  /** Builds an image into an OCI archive. The same inputs give the same digest. */
  build(request: BuildRequest, signal: AbortSignal): Promise<void>;
  /** Pushes what was built last under a reference; returns the digest that the registry has it by. */
  push(request: BuildRequest, target: PushTarget, signal: AbortSignal): Promise<string>;
}

export interface PushTarget {
  /** `registry.example/niphas/node:0.1.0` */
  readonly reference: string;
  readonly isPlainHttp: boolean;
}

/** What says which build an image is: https://github.com/opencontainers/image-spec/blob/main/annotations.md */
export function buildLabels({ version, revision }: BuildRequest): Readonly<Record<string, string>> {
  return { "org.opencontainers.image.version": version, "org.opencontainers.image.revision": revision };
}

/** The same as options of buildah and of Docker. */
export function labelArguments(request: BuildRequest): readonly string[] {
  return Object.entries(buildLabels(request)).flatMap(([name, value]) => ["--label", `${name}=${value}`]);
}

/**
 * Seconds since 1970 that every file in the images bears. Constant by default: with the commit's time, layers in which
 * nothing has changed would get new digests and be pulled again by every node.
 * https://reproducible-builds.org/docs/source-date-epoch/
 */
export function sourceDateEpoch(env: NodeJS.ProcessEnv): string {
  const value = env["SOURCE_DATE_EPOCH"] ?? "0";
  if (!/^\d{1,12}$/.test(value)) throw new Error("SOURCE_DATE_EPOCH must be a number of seconds since 1970");
  return value;
}
