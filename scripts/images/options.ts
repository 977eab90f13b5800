import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { IMAGE_NAMES, type ImageName, isImageName } from "./image.ts";

export const USAGE = `usage: npm run images [-- OPTION...]

Builds the container images into dist/images: NAME.tar (OCI archive), NAME.spdx.json (SBOM), images.json.

  --only NAME,...     of ${IMAGE_NAMES.join(", ")}; default: all
  --tag TAG           default: the version in package.json
  --push REGISTRY     also push to REGISTRY/NAME:TAG, for example registry.example/niphas
  --plain-http        the registry has no TLS
  --engine ENGINE     buildah or docker; default: buildah as root on Debian, else docker
  --base IMAGE        base image; default: Debian forky, made here for buildah, pulled for docker
  --no-cache          build every layer again
  --output DIRECTORY  instead of dist/images`;

export type EngineName = "buildah" | "docker";

export interface ImageOptions {
  readonly names: readonly ImageName[];
  /** Undefined: the project's version. */
  readonly tag: string | undefined;
  /** Registry and path that images are pushed under. */
  readonly pushTo: string | undefined;
  readonly isPlainHttp: boolean;
  /** Undefined: what is there. */
  readonly engine: EngineName | undefined;
  /** Undefined: the engine's default. */
  readonly base: string | undefined;
  readonly useCache: boolean;
  readonly outputDir: string;
  readonly wantsHelp: boolean;
}

/** A wrong command line; the message says how to put it right. */
export class UsageError extends Error {}

const TAG = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;

/** @throws UsageError */
export function readOptions(argv: readonly string[], defaultOutputDir: string): ImageOptions {
  const values = parse(argv);
  return {
    names: imageNames(values.only),
    tag: checkedTag(values.tag),
    pushTo: values.push?.replace(/\/$/, ""),
    isPlainHttp: values["plain-http"] ?? false,
    engine: engineName(values.engine),
    base: values.base,
    useCache: !(values["no-cache"] ?? false),
    outputDir: resolve(values.output ?? defaultOutputDir),
    wantsHelp: values.help ?? false,
  };
}

function parse(argv: readonly string[]) {
  const text = { type: "string" } as const;
  const flag = { type: "boolean" } as const;
  const options = {
    only: text,
    tag: text,
    push: text,
    "plain-http": flag,
    engine: text,
    base: text,
    "no-cache": flag,
    output: text,
    help: flag,
  };
  try {
    return parseArgs({ args: [...argv], options }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function imageNames(list: string | undefined): readonly ImageName[] {
  const asked = list?.split(",") ?? IMAGE_NAMES;
  const unknown = asked.filter((name) => !isImageName(name));
  if (unknown.length > 0) {
    throw new UsageError(`no image ${unknown.join(", ")}; there are: ${IMAGE_NAMES.join(", ")}`);
  }
  return IMAGE_NAMES.filter((name) => asked.includes(name));
}

function checkedTag(tag: string | undefined): string | undefined {
  if (tag !== undefined && !TAG.test(tag)) throw new UsageError("--tag must be an OCI tag, such as 0.1.0");
  return tag;
}

function engineName(name: string | undefined): EngineName | undefined {
  if (name === undefined || name === "buildah" || name === "docker") return name;
  throw new UsageError("--engine must be buildah or docker");
}
