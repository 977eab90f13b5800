import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runTool } from "./command.ts";

export interface PackRequest {
  /** Name and tag of the image. */
  readonly reference: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Where the archive goes. */
  readonly file: string;
}

interface Manifest {
  readonly config: Descriptor;
}

interface Config {
  readonly config: { readonly Labels?: Readonly<Record<string, string>> };
  readonly history?: readonly { readonly comment?: string }[];
}

interface Descriptor {
  readonly digest: string;
  readonly size: number;
}

const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const BLOB_NAME = /^[0-9a-f]{64}$/;

/**
 * Makes an OCI archive of an image in the containers tools' `dir` layout, which it takes apart. Layers stay as they are:
 * buildah's own archives are always compressed, which takes longer than all the rest of a build.
 * Layouts: containers-transports(5), https://github.com/opencontainers/image-spec/blob/main/image-layout.md
 */
export async function packArchive(directory: string, request: PackRequest, signal: AbortSignal): Promise<void> {
  const blobs = await moveBlobs(directory);
  const manifest: Manifest = await readJson(join(directory, "manifest.json"));
  const config: Config = await readJson(blobFile(blobs, manifest.config));
  await rm(blobFile(blobs, manifest.config));
  const finished = { ...manifest.config, ...(await writeBlob(blobs, finish(config, request.labels))) };
  const image = {
    mediaType: MANIFEST,
    ...(await writeBlob(blobs, { ...manifest, config: finished })),
    // containerd takes the image's name from here when it imports the archive.
    annotations: { "org.opencontainers.image.ref.name": request.reference },
  };
  await writeFile(join(directory, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
  await writeFile(join(directory, "index.json"), JSON.stringify({ schemaVersion: 2, manifests: [image] }));
  const sameEachTime = ["--sort=name", "--mtime=@0", "--owner=0", "--group=0", "--numeric-owner", "--mode=a+r"];
  const argv = ["tar", "--create", "--file", request.file, "--directory", directory, ...sameEachTime];
  await runTool([...argv, "blobs", "index.json", "oci-layout"], signal);
}

/**
 * Labels are added here and not by buildah 1.28, which takes a layer from its cache whatever labels it was made with.
 * The comments name layers of that cache, so they would make two builds of the same files differ.
 */
function finish(config: Config, labels: Readonly<Record<string, string>>): Config {
  return {
    ...config,
    config: { ...config.config, Labels: { ...config.config.Labels, ...labels } },
    ...(config.history === undefined ? {} : { history: config.history.map(({ comment: _, ...entry }) => entry) }),
  };
}

async function moveBlobs(directory: string): Promise<string> {
  const blobs = join(directory, "blobs/sha256");
  await mkdir(blobs, { recursive: true });
  const names = (await readdir(directory)).filter((name) => BLOB_NAME.test(name));
  for (const name of names) await rename(join(directory, name), join(blobs, name));
  return blobs;
}

async function writeBlob(blobs: string, value: unknown): Promise<Descriptor> {
  const content = JSON.stringify(value);
  const hex = createHash("sha256").update(content).digest("hex");
  await writeFile(join(blobs, hex), content);
  return { digest: `sha256:${hex}`, size: Buffer.byteLength(content) };
}

function blobFile(blobs: string, { digest }: Descriptor): string {
  return join(blobs, digest.replace("sha256:", ""));
}

async function readJson<T>(file: string): Promise<T> {
  return JSON.parse(await readFile(file, "utf8"));
}
