import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { type TarEntry, tarArchive } from "./tar.ts";

export interface OciPlatform {
  /** As in Go: `amd64`, `arm64`. */
  readonly architecture: string;
  /** @default linux */
  readonly os?: string;
}

/** What a container of the image runs, https://github.com/opencontainers/image-spec/blob/v1.1.0/config.md */
export interface OciConfig {
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
  /** As `NAME=value`. */
  readonly environment?: readonly string[];
  readonly user?: string;
  readonly workingDirectory?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

export interface OciArchiveInit {
  /** The archive. */
  readonly file: string;
  /** `localhost/name:tag`. */
  readonly reference: string;
  /** Default: this machine's. */
  readonly platform?: OciPlatform;
  /** Lowest first. */
  readonly layers: readonly Iterable<TarEntry>[];
  readonly config: OciConfig;
}

export interface OciArchive {
  readonly file: string;
  readonly reference: string;
  /** Of the manifest: `sha256:...`. */
  readonly digest: string;
}

interface Blob {
  readonly digest: string;
  readonly sizeBytes: number;
  /** A file that holds it, or its bytes. */
  readonly data: { readonly source: string } | { readonly content: string };
}

const MEDIA_TYPE = "application/vnd.oci.image";
const HERE: OciPlatform = { architecture: process.arch === "x64" ? "amd64" : process.arch };

/**
 * Writes an OCI image layout as a tar archive, as `ctr images import` and `buildah` read it. The same inputs give the
 * same bytes. https://github.com/opencontainers/image-spec/blob/v1.1.0/image-layout.md
 */
export async function writeOciArchive(init: OciArchiveInit): Promise<OciArchive> {
  const scratch = await mkdtemp(join(dirname(init.file), ".oci-"));
  try {
    const layers: Blob[] = [];
    for (const entries of init.layers) layers.push(await layerBlob(entries, join(scratch, String(layers.length))));
    const config = jsonBlob(imageConfig(init, layers));
    const manifest = jsonBlob(imageManifest(config, layers));
    const entries = archiveEntries(indexOf(manifest, init.reference), [manifest, config, ...layers]);
    await pipeline(tarArchive(entries), createWriteStream(init.file));
    return { file: init.file, reference: init.reference, digest: manifest.digest };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function layerBlob(entries: Iterable<TarEntry>, file: string): Promise<Blob> {
  const hash = createHash("sha256");
  async function* hashed(): AsyncGenerator<Uint8Array> {
    for await (const chunk of tarArchive(entries)) {
      hash.update(chunk);
      yield chunk;
    }
  }
  await pipeline(hashed(), createWriteStream(file));
  return { digest: `sha256:${hash.digest("hex")}`, sizeBytes: (await stat(file)).size, data: { source: file } };
}

function jsonBlob(value: object): Blob {
  const content = JSON.stringify(value);
  const digest = `sha256:${createHash("sha256").update(content).digest("hex")}`;
  return { digest, sizeBytes: Buffer.byteLength(content), data: { content } };
}

function imageConfig(init: OciArchiveInit, layers: readonly Blob[]): object {
  const { architecture, os = "linux" } = init.platform ?? HERE;
  const { entrypoint, command, environment, user, workingDirectory, labels } = init.config;
  return {
    architecture,
    os,
    config: {
      User: user,
      Env: environment,
      Entrypoint: entrypoint,
      Cmd: command,
      WorkingDir: workingDirectory,
      Labels: labels,
    },
    // Not compressed, so the digest of a layer is also that of what it holds.
    rootfs: { type: "layers", diff_ids: layers.map((layer) => layer.digest) },
  };
}

function imageManifest(config: Blob, layers: readonly Blob[]): object {
  return {
    schemaVersion: 2,
    mediaType: `${MEDIA_TYPE}.manifest.v1+json`,
    config: descriptor(config, "config.v1+json"),
    layers: layers.map((layer) => descriptor(layer, "layer.v1.tar")),
  };
}

function indexOf(manifest: Blob, reference: string): string {
  const annotations = {
    "io.containerd.image.name": reference,
    "org.opencontainers.image.ref.name": reference.slice(reference.lastIndexOf(":") + 1),
  };
  const manifests = [{ ...descriptor(manifest, "manifest.v1+json"), annotations }];
  return JSON.stringify({ schemaVersion: 2, mediaType: `${MEDIA_TYPE}.index.v1+json`, manifests });
}

function descriptor(blob: Blob, kind: string): object {
  return { mediaType: `${MEDIA_TYPE}.${kind}`, digest: blob.digest, size: blob.sizeBytes };
}

function archiveEntries(index: string, blobs: readonly Blob[]): readonly TarEntry[] {
  const unique = new Map(blobs.map((blob) => [blob.digest, blob]));
  return [
    { type: "file", path: "oci-layout", content: '{"imageLayoutVersion":"1.0.0"}' },
    { type: "file", path: "index.json", content: index },
    { type: "directory", path: "blobs" },
    { type: "directory", path: "blobs/sha256" },
    ...[...unique.values()].map(
      (blob): TarEntry => ({ type: "file", path: `blobs/sha256/${blob.digest.replace("sha256:", "")}`, ...blob.data }),
    ),
  ];
}
