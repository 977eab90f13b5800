import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runCommand } from "@niphas/testing";
import type { BuiltImage } from "./images.ts";

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

interface Index {
  readonly manifests: readonly [Descriptor];
}

interface Manifest {
  readonly config: Descriptor;
}

interface Config {
  readonly config: { readonly Labels?: Readonly<Record<string, string>> };
}

/**
 * Makes the image of another release: the same layers, but another version in its labels, so that its id and its digest
 * are others. https://github.com/opencontainers/image-spec/blob/v1.1.0/image-layout.md
 *
 * @param image of one platform
 * @param directory an empty one
 * @returns an OCI archive without the layers: for nodes that have them
 */
export async function nextImage(image: BuiltImage, reference: string, directory: string): Promise<string> {
  const read = async <T>(path: string): Promise<T> => JSON.parse(await extract(image.file, path));
  const index = await read<Index>("index.json");
  const [first] = index.manifests;
  const manifest = await read<Manifest>(blobPath(first));
  const config = await read<Config>(blobPath(manifest.config));
  const Labels = { ...config.config.Labels, "org.opencontainers.image.version": reference };
  const blobs = new BlobWriter(directory);
  const newConfig = blobs.write(manifest.config, { ...config, config: { ...config.config, Labels } });
  const newManifest = blobs.write(first, { ...manifest, config: newConfig });
  const annotations = { "org.opencontainers.image.ref.name": reference };
  writeFileSync(join(directory, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
  const manifests = [{ ...newManifest, annotations }];
  writeFileSync(join(directory, "index.json"), JSON.stringify({ ...index, manifests }));
  const file = join(directory, "image.tar");
  await runCommand(["tar", "--create", "--file", file, "--directory", directory, "blobs", "index.json", "oci-layout"]);
  return file;
}

class BlobWriter {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
    mkdirSync(join(directory, "blobs/sha256"), { recursive: true });
  }

  /** @returns a descriptor like `model`, of these bytes */
  write({ mediaType }: Descriptor, value: unknown): Descriptor {
    const content = JSON.stringify(value);
    const digest = `sha256:${createHash("sha256").update(content).digest("hex")}`;
    const descriptor = { mediaType, digest, size: Buffer.byteLength(content) };
    writeFileSync(join(this.#directory, blobPath(descriptor)), content);
    return descriptor;
  }
}

function blobPath({ digest }: Descriptor): string {
  return join("blobs", ...digest.split(":"));
}

async function extract(archive: string, path: string): Promise<string> {
  const { stdout } = await runCommand(["tar", "--extract", "--to-stdout", "--file", archive, path], {
    env: process.env,
  });
  return stdout;
}
