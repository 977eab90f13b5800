import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runTool } from "./command.ts";
import type { BuildRequest } from "./engine.ts";

const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const BLOB_NAME = /^[0-9a-f]{64}$/;

/**
 * Makes an OCI archive of an image in the containers tools' `dir` layout, which it takes apart. Layers stay as they are:
 * buildah's own archives are always compressed, which takes longer than all the rest of a build.
 * Layouts: containers-transports(5), https://github.com/opencontainers/image-spec/blob/main/image-layout.md
 */
export async function packArchive(
  directory: string,
  request: Pick<BuildRequest, "reference" | "file">,
  signal: AbortSignal,
): Promise<void> {
  const manifest = await readFile(join(directory, "manifest.json"));
  const manifestHex = createHash("sha256").update(manifest).digest("hex");
  const blobsDir = join(directory, "blobs/sha256");
  await mkdir(blobsDir, { recursive: true });
  const names = await readdir(directory);
  for (const name of names.filter((each) => BLOB_NAME.test(each))) {
    await rename(join(directory, name), join(blobsDir, name));
  }
  await rename(join(directory, "manifest.json"), join(blobsDir, manifestHex));
  await rm(join(directory, "version"), { force: true });
  const image = {
    mediaType: MANIFEST,
    digest: `sha256:${manifestHex}`,
    size: manifest.length,
    // containerd takes the image's name from here when it imports the archive.
    annotations: { "org.opencontainers.image.ref.name": request.reference },
  };
  await writeJson(join(directory, "oci-layout"), { imageLayoutVersion: "1.0.0" });
  await writeJson(join(directory, "index.json"), { schemaVersion: 2, manifests: [image] });
  const sameEachTime = ["--sort=name", "--mtime=@0", "--owner=0", "--group=0", "--numeric-owner", "--mode=a+r"];
  const argv = ["tar", "--create", "--file", request.file, "--directory", directory, ...sameEachTime];
  await runTool([...argv, "blobs", "index.json", "oci-layout"], signal);
}

async function writeJson(file: string, value: unknown): Promise<void> {
  await writeFile(file, JSON.stringify(value));
}
