import { readFile, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import type { BuildahStorage } from "./buildah-storage.ts";
import { type BuildRequest, buildLabels, type ImageEngine, labelArguments, type PushTarget } from "./engine.ts";
import { packArchive } from "./pack-archive.ts";

const CLEAN_UP_TIMEOUT_MS = 60_000;

export interface BuildahComponents {
  readonly storage: BuildahStorage;
  readonly repository: string;
  /** Seconds since 1970 for all files. */
  readonly epoch: string;
  readonly base: BuildahBase;
}

/** An image to pull, or the local twin of Debian's slim image that scripts/setup/image-base.sh makes. */
export type BuildahBase = { readonly image: string } | { readonly directory: string };

/** Builds with buildah, as root, without a daemon and without a container runtime. */
export class BuildahEngine implements ImageEngine {
  readonly name = "buildah";
  readonly #components: BuildahComponents;
  #base: Promise<void> | undefined;

  constructor(components: BuildahComponents) {
    this.#components = components;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#components.storage[Symbol.asyncDispose]();
  }

  async build(request: BuildRequest, signal: AbortSignal): Promise<void> {
    this.#base ??= this.#importBase(signal);
    await this.#base;
    if (request.image.platforms === undefined) await this.#buildImage(request, signal);
    else await this.#buildIndex(request, request.image.platforms, signal);
  }

  async push(request: BuildRequest, target: PushTarget, signal: AbortSignal): Promise<string> {
    if (request.image.platforms !== undefined) {
      return this.#pushStored(["manifest", "push", "--all"], storedName(request), request, target, signal);
    }
    // Only the archive has the finished configuration.
    await this.#run(["pull", `oci-archive:${request.file}`], signal);
    try {
      return await this.#pushStored(["push"], request.reference, request, target, signal);
    } finally {
      await this.#run(["rmi", request.reference], AbortSignal.timeout(CLEAN_UP_TIMEOUT_MS));
    }
  }

  async #pushStored(
    command: readonly string[],
    name: string,
    request: BuildRequest,
    target: PushTarget,
    signal: AbortSignal,
  ): Promise<string> {
    const digestFile = `${request.file}.digest`;
    const options = [`--tls-verify=${!target.isPlainHttp}`, "--digestfile", digestFile];
    try {
      await this.#run([...command, ...options, name, `docker://${target.reference}`], signal);
      const digest = (await readFile(digestFile, "utf8")).trim();
      if (digest === "") throw new Error(`buildah pushed nothing to ${target.reference} and says no reason`);
      return digest;
    } finally {
      await rm(digestFile, { force: true });
    }
  }

  async #buildImage(request: BuildRequest, signal: AbortSignal): Promise<void> {
    await this.#run(["bud", "--layers", "--tag", storedName(request), ...this.#buildArguments(request)], signal);
    // Without a name of its own this stage would be taken for something that was replaced, and be made again each time.
    const cached = this.#buildArguments({ ...request, useCache: true });
    await this.#run(["bud", "--layers", "--target", "debian", "--tag", stageName(request), ...cached], signal);
    const layoutDir = `${request.file}.layout`;
    await rm(layoutDir, { recursive: true, force: true });
    try {
      await this.#run(["push", "--disable-compression", storedName(request), `dir:${layoutDir}`], signal);
      const { reference, file } = request;
      await packArchive(layoutDir, { reference, file, labels: buildLabels(request) }, signal);
    } finally {
      await rm(layoutDir, { recursive: true, force: true });
    }
  }

  /** One platform after the other: the index lists them in the order in which they are done. */
  async #buildIndex(request: BuildRequest, platforms: readonly string[], signal: AbortSignal): Promise<void> {
    await this.#run(["manifest", "rm", storedName(request)], signal).catch(() => undefined);
    for (const platform of platforms) {
      // buildah 1.28 takes a cached layer of another platform for this one's.
      const only = [
        "--layers=false",
        ...labelArguments(request),
        "--platform",
        platform,
        "--manifest",
        storedName(request),
      ];
      await this.#run(["bud", ...only, ...this.#buildArguments(request)], signal);
    }
    const archive = `oci-archive:${request.file}:${request.reference}`;
    await this.#run(["manifest", "push", "--all", storedName(request), archive], signal);
  }

  #buildArguments(request: BuildRequest): string[] {
    const { repository, epoch, base } = this.#components;
    const image = "image" in base ? base.image : baseReference(base.directory);
    return [
      ...["--isolation", "chroot", "--timestamp", epoch, "--identity-label=false"],
      ...(request.useCache ? [] : ["--no-cache"]),
      ...("image" in base ? ["--pull=false"] : ["--pull-never", ...mirrorVolume(base.directory)]),
      ...buildArgument("BASE", image),
      // buildah 1.28 does not set it.
      ...buildArgument("BUILDPLATFORM", `linux/${process.arch === "arm64" ? "arm64" : "amd64"}`),
      ...["--file", join(repository, request.image.dockerfile), repository],
    ];
  }

  async #importBase(signal: AbortSignal): Promise<void> {
    const { base, epoch, repository } = this.#components;
    if ("image" in base) return;
    const reference = baseReference(base.directory);
    const found = await this.#run(["images", "--quiet", reference], signal).catch(() => "");
    if (found.trim() !== "") return;
    const dockerfile = join(repository, "deploy/debian/Dockerfile");
    const shape = ["--isolation", "chroot", "--timestamp", epoch, "--identity-label=false", "--file", dockerfile];
    await this.#run(["bud", "--tag", reference, ...shape, base.directory], signal);
  }

  #run(args: readonly string[], signal: AbortSignal): Promise<string> {
    return this.#components.storage.run(args, signal);
  }
}

/** The same whatever tag is asked for, so that old tags keep no layers. */
function storedName({ image }: BuildRequest): string {
  return `localhost/niphas-build/${image.name}`;
}

/** Of the Dockerfile's stage `debian`. */
function stageName({ image }: BuildRequest): string {
  return `localhost/niphas-build/${image.name}-debian`;
}

function buildArgument(name: string, value: string): string[] {
  return ["--build-arg", `${name}=${value}`];
}

/** `image-base-9238de5235ac` -> `localhost/niphas-build/debian:9238de5235ac` */
function baseReference(directory: string): string {
  return `localhost/niphas-build/debian:${basename(directory).replace(/^.*-/, "")}`;
}

/** The machine's own package mirror is used while building and named nowhere in the image. */
function mirrorVolume(directory: string): string[] {
  return ["--volume", `${join(directory, "debian.sources")}:/etc/apt/sources.list.d/debian.sources:ro`];
}
