import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openArchive } from "./archive.ts";
import type { BuildRequest, ImageEngine } from "./engine.ts";
import { type ImageName, type ImageSpec, imageSpec } from "./image.ts";
import type { ImageOptions } from "./options.ts";
import { imageSbom, SBOM_PATTERNS } from "./sbom/image-sbom.ts";
import { spdxProblems } from "./sbom/spdx-rules.ts";

export interface ImageBuild {
  readonly engine: ImageEngine;
  readonly options: ImageOptions;
  readonly repository: string;
  readonly version: string;
  readonly revision: string;
  /** SPDX expression of the project. */
  readonly license: string;
  readonly epoch: string;
  readonly report: (line: string) => void;
  readonly signal: AbortSignal;
}

/** One entry of images.json. */
export interface BuiltImage {
  readonly reference: string;
  /** Of the manifest, or of the index, in the archive. */
  readonly digest: string;
  /** Absolute path of the OCI archive. */
  readonly file: string;
  /** Where the image was pushed. A registry gets compressed layers, so it knows the image by another digest. */
  readonly pushed?: { readonly reference: string; readonly digest: string };
}

/** Builds the images that were asked for, all at once, and lists all that are there in images.json. */
export async function buildImages(build: ImageBuild): Promise<void> {
  mkdirSync(build.options.outputDir, { recursive: true });
  const failure = new AbortController();
  const signal = AbortSignal.any([build.signal, failure.signal]);
  const running = build.options.names.map((name) => buildAndRecord({ ...build, signal }, name));
  for (const each of running) each.catch((error: unknown) => failure.abort(error));
  await Promise.allSettled(running);
  signal.throwIfAborted();
}

async function buildAndRecord(build: ImageBuild, name: ImageName): Promise<void> {
  const startedAtMs = performance.now();
  const built = await buildImage(build, imageSpec(name));
  record(build.options.outputDir, name, built);
  const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(1);
  build.report(`${built.reference} ${built.digest} (${seconds} s)`);
}

/** The archive appears when it is whole, with its SBOM beside it. */
async function buildImage(build: ImageBuild, image: ImageSpec): Promise<BuiltImage> {
  const file = join(build.options.outputDir, `${image.name}.tar`);
  const reference = `localhost/niphas/${image.name}:${build.options.tag ?? build.version}`;
  const { version, revision, options } = build;
  const request = { image, reference, version, revision, file: `${file}.part`, useCache: options.useCache };
  rmSync(request.file, { force: true });
  try {
    await build.engine.build(request, build.signal);
    const digest = await describe(build, request, file.replace(/\.tar$/, ".spdx.json"));
    const pushed = options.pushTo === undefined ? {} : { pushed: await push(build, request, options.pushTo) };
    renameSync(request.file, file);
    return { reference, digest, file, ...pushed };
  } finally {
    rmSync(request.file, { force: true });
  }
}

/** Writes the SBOM; returns the image's digest. */
async function describe(build: ImageBuild, request: BuildRequest, sbomFile: string): Promise<string> {
  await using archive = await openArchive(request.file, SBOM_PATTERNS, build.signal);
  const { digest, architectures, root } = archive;
  const { version, license, epoch } = build;
  const described = { reference: request.reference, digest, architecture: architectures[0], version, license, epoch };
  const sbom = imageSbom(described, root, build.repository);
  const problems = spdxProblems(sbom);
  if (problems.length > 0) throw new Error(`the SBOM breaks rules of SPDX: ${problems.join("; ")}`);
  writeFileSync(sbomFile, `${JSON.stringify(sbom, null, 2)}\n`);
  return digest;
}

async function push(
  build: ImageBuild,
  request: BuildRequest,
  registry: string,
): Promise<NonNullable<BuiltImage["pushed"]>> {
  const tag = build.options.tag ?? build.version;
  const reference = `${registry}/${request.image.name}:${tag}`;
  const target = { reference, isPlainHttp: build.options.isPlainHttp };
  const digest = await build.engine.push(request, target, build.signal);
  build.report(`pushed ${reference} ${digest}`);
  return { reference, digest };
}

function record(outputDir: string, name: ImageName, built: BuiltImage): void {
  const file = join(outputDir, "images.json");
  const all = { ...readRecords(file), [name]: built };
  writeFileSync(`${file}.part`, `${JSON.stringify(all, null, 2)}\n`);
  renameSync(`${file}.part`, file);
}

function readRecords(file: string): Record<string, BuiltImage> {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return {};
  }
}
