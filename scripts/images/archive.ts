import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCommand } from "@niphas/testing";
import { runTool } from "./command.ts";

/** An OCI image archive, unpacked: https://github.com/opencontainers/image-spec/blob/main/image-layout.md */
export interface OpenArchive extends AsyncDisposable {
  /** `sha256:…` of the manifest, or of the index for an image with several platforms: what a registry knows it by. */
  readonly digest: string;
  /** One of each platform, `amd64`; what follows is about the first. */
  readonly architectures: readonly [string, ...string[]];
  readonly config: ImageConfig;
  /** Directory with those files of the first platform's layers that a pattern matched. */
  readonly root: string;
}

/** How the image's program is started: https://github.com/opencontainers/image-spec/blob/main/config.md */
export interface ImageConfig {
  readonly User?: string;
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly Env?: readonly string[];
  readonly Labels?: Readonly<Record<string, string>>;
}

interface ConfigBlob {
  readonly architecture: string;
  readonly config: ImageConfig;
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
}

interface Manifest {
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

const NOTHING_MATCHED = /Not found in archive$|Exiting with failure status due to previous errors$/;
/** Messages are read. */
const C_LOCALE = { ...process.env, LC_ALL: "C" };
const INDEX = "application/vnd.oci.image.index.v1+json";

/**
 * Unpacks an archive with one image.
 *
 * @param patterns shell patterns of the files to unpack, without a leading slash.
 */
export async function openArchive(
  file: string,
  patterns: readonly string[],
  signal: AbortSignal,
): Promise<OpenArchive> {
  const directory = await mkdtemp(join(tmpdir(), "niphas-image-"));
  const remove = () => rm(directory, { recursive: true, force: true });
  try {
    await runTool(["tar", "--extract", "--file", file, "--directory", directory], signal);
    const blobs = new Blobs(directory);
    const index = await readJson<{ manifests: Descriptor[] }>(join(directory, "index.json"));
    const [image] = nonEmpty(index.manifests, `${file} holds no image`);
    const manifests = await blobs.manifestsOf(image);
    const configs = await Promise.all(manifests.map((each) => blobs.read<ConfigBlob>(each.config)));
    const [{ architecture, config }, ...others] = nonEmpty(configs, "the image's index is empty");
    const root = join(directory, "root");
    await mkdir(root);
    for (const layer of manifests[0]?.layers ?? []) await unpackLayer(blobs.path(layer), root, patterns, signal);
    const architectures = [architecture, ...others.map((each) => each.architecture)] as const;
    return { digest: image.digest, architectures, config, root, [Symbol.asyncDispose]: remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

class Blobs {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  path(descriptor: Descriptor): string {
    return join(this.#directory, "blobs", ...descriptor.digest.split(":"));
  }

  async read<T>(descriptor: Descriptor): Promise<T> {
    return readJson<T>(this.path(descriptor));
  }

  /** One for each platform. */
  async manifestsOf(descriptor: Descriptor): Promise<readonly Manifest[]> {
    if (descriptor.mediaType !== INDEX) return [await this.read<Manifest>(descriptor)];
    const { manifests } = await this.read<{ manifests: Descriptor[] }>(descriptor);
    return Promise.all(manifests.map((each) => this.read<Manifest>(each)));
  }
}

/** Few layers hold a file for every pattern, and tar takes that for a failure. */
async function unpackLayer(
  file: string,
  root: string,
  patterns: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  if (patterns.length === 0) return;
  const argv = ["tar", "--extract", "--file", file, "--directory", root, "--no-same-owner", "--wildcards"];
  const { exitCode, stderr } = await runCommand([...argv, ...patterns], { signal, env: C_LOCALE, allowFailure: true });
  const problems = stderr.split("\n").filter((line) => line !== "" && !NOTHING_MATCHED.test(line));
  if (exitCode !== 0 && problems.length > 0) throw new Error(`tar cannot unpack ${file}: ${problems.join("; ")}`);
}

async function readJson<T>(file: string): Promise<T> {
  return JSON.parse(await readFile(file, "utf8"));
}

function nonEmpty<T>(items: readonly T[], problem: string): readonly [T, ...T[]] {
  const [item, ...others] = items;
  if (item === undefined) throw new Error(problem);
  return [item, ...others];
}
