import { readFile, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { runTool } from "./command.ts";
import type { BuildRequest, ImageEngine, PushTarget } from "./engine.ts";
import { packArchive } from "./pack-archive.ts";

export interface BuildahComponents {
  /** The program's file. */
  readonly program: string;
  /** Where buildah keeps images and cached layers. */
  readonly storageDir: string;
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
  #storage: Promise<readonly string[]> | undefined;

  constructor(components: BuildahComponents) {
    this.#components = components;
  }

  async build(request: BuildRequest, signal: AbortSignal): Promise<void> {
    await this.#importBase(signal);
    if (request.image.platforms === undefined) await this.#buildImage(request, signal);
    else await this.#buildIndex(request, request.image.platforms, signal);
  }

  async push(request: BuildRequest, target: PushTarget, signal: AbortSignal): Promise<string> {
    const isIndex = request.image.platforms !== undefined;
    const command = isIndex ? ["manifest", "push", "--all"] : ["push"];
    const digestFile = `${request.file}.digest`;
    const options = [`--tls-verify=${!target.isPlainHttp}`, "--digestfile", digestFile];
    try {
      await this.#buildah([...command, ...options, storedName(request), `docker://${target.reference}`], signal);
      const digest = (await readFile(digestFile, "utf8")).trim();
      if (digest === "") throw new Error(`buildah pushed nothing to ${target.reference} and says no reason`);
      return digest;
    } finally {
      await rm(digestFile, { force: true });
    }
  }

  async #buildImage(request: BuildRequest, signal: AbortSignal): Promise<void> {
    await this.#buildah(["bud", "--layers", "--tag", storedName(request), ...this.#buildArguments(request)], signal);
    const layoutDir = `${request.file}.layout`;
    try {
      await this.#buildah(["push", "--disable-compression", storedName(request), `dir:${layoutDir}`], signal);
      await packArchive(layoutDir, request, signal);
    } finally {
      await rm(layoutDir, { recursive: true, force: true });
    }
  }

  /** One platform after the other: the index lists them in the order in which they are done. */
  async #buildIndex(request: BuildRequest, platforms: readonly string[], signal: AbortSignal): Promise<void> {
    await this.#buildah(["manifest", "rm", storedName(request)], signal).catch(() => undefined);
    for (const platform of platforms) {
      // buildah 1.28 takes a cached layer of another platform for this one's.
      const only = ["--layers=false", "--platform", platform, "--manifest", storedName(request)];
      await this.#buildah(["bud", ...only, ...this.#buildArguments(request)], signal);
    }
    const archive = `oci-archive:${request.file}:${request.reference}`;
    await this.#buildah(["manifest", "push", "--all", storedName(request), archive], signal);
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
      ...buildArgument("VERSION", request.version),
      ...buildArgument("REVISION", request.revision),
      ...["--file", join(repository, request.image.dockerfile), repository],
    ];
  }

  async #importBase(signal: AbortSignal): Promise<void> {
    const { base, epoch, repository } = this.#components;
    if ("image" in base) return;
    const reference = baseReference(base.directory);
    const found = await this.#buildah(["images", "--quiet", reference], signal).catch(() => "");
    if (found.trim() !== "") return;
    const dockerfile = join(repository, "deploy/debian/Dockerfile");
    const shape = ["--isolation", "chroot", "--timestamp", epoch, "--identity-label=false", "--file", dockerfile];
    await this.#buildah(["bud", "--tag", reference, ...shape, base.directory], signal);
  }

  async #buildah(args: readonly string[], signal: AbortSignal): Promise<string> {
    this.#storage ??= this.#openStorage(signal);
    return runTool([this.#components.program, ...(await this.#storage), ...args], signal);
  }

  /** overlay is fast; where the kernel or the file system has none, vfs copies whole layers. */
  async #openStorage(signal: AbortSignal): Promise<readonly string[]> {
    const overlay = this.#storageArguments("overlay");
    const probe = runTool([this.#components.program, ...overlay, "images", "--quiet"], signal);
    const storage = await probe.then(
      () => overlay,
      () => this.#storageArguments("vfs"),
    );
    // What a killed build left holds on to its images. What newer builds replaced goes now and not at their end: the
    // images of an index have no name of their own and would go too.
    await runTool([this.#components.program, ...storage, "rm", "--all"], signal);
    await runTool([this.#components.program, ...storage, "rmi", "--prune"], signal);
    return storage;
  }

  #storageArguments(driver: "overlay" | "vfs"): readonly string[] {
    const { storageDir } = this.#components;
    const [root, runRoot] = [join(storageDir, driver), join(storageDir, `${driver}-run`)];
    return ["--root", root, "--runroot", runRoot, "--storage-driver", driver];
  }
}

/** The same whatever the tag, so that old tags keep no layers. */
function storedName({ image }: BuildRequest): string {
  return `localhost/niphas/${image.name}:build`;
}

function buildArgument(name: string, value: string): string[] {
  return ["--build-arg", `${name}=${value}`];
}

/** image-base-9238de5235ac -> localhost/niphas/debian:9238de5235ac */
function baseReference(directory: string): string {
  return `localhost/niphas/debian:${basename(directory).replace(/^.*-/, "")}`;
}

/** The machine's own package mirror is used while building and named nowhere in the image. */
function mirrorVolume(directory: string): string[] {
  return ["--volume", `${join(directory, "debian.sources")}:/etc/apt/sources.list.d/debian.sources:ro`];
}
