import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { runTool } from "./command.ts";
import { type BuildRequest, type ImageEngine, labelArguments, type PushTarget } from "./engine.ts";

export interface DockerComponents {
  readonly repository: string;
  /** Seconds since 1970 for all files. */
  readonly epoch: string;
  /** Undefined: the Dockerfiles' own. */
  readonly base: string | undefined;
}

/** Builds with Docker's BuildKit; writing OCI archives needs a docker-container builder or the containerd image store. */
export class DockerEngine implements ImageEngine {
  readonly name = "docker";
  readonly #components: DockerComponents;

  constructor(components: DockerComponents) {
    this.#components = components;
  }

  /** The daemon keeps what it has and nothing else is left. */
  async [Symbol.asyncDispose](): Promise<void> {}

  async build(request: BuildRequest, signal: AbortSignal): Promise<void> {
    const output = `type=oci,dest=${request.file},name=${request.reference},rewrite-timestamp=true`;
    await runTool(dockerCommand(this.#components, request, ["--output", output]), signal);
  }

  /** Every layer comes from the cache of the build before. */
  async push(request: BuildRequest, target: PushTarget, signal: AbortSignal): Promise<string> {
    const metadataFile = `${request.file}.metadata`;
    const insecure = target.isPlainHttp ? ",registry.insecure=true" : "";
    const output = `type=image,name=${target.reference},push=true,rewrite-timestamp=true${insecure}`;
    const cached = { ...request, useCache: true };
    try {
      const extra = ["--output", output, "--metadata-file", metadataFile];
      await runTool(dockerCommand(this.#components, cached, extra), signal);
      return JSON.parse(await readFile(metadataFile, "utf8"))["containerimage.digest"];
    } finally {
      await rm(metadataFile, { force: true });
    }
  }
}

/** The command line of one build; Docker itself sets BUILDPLATFORM. */
export function dockerCommand(
  components: DockerComponents,
  request: BuildRequest,
  extra: readonly string[],
): readonly string[] {
  const { repository, epoch, base } = components;
  const buildArguments = [`SOURCE_DATE_EPOCH=${epoch}`, ...(base === undefined ? [] : [`BASE=${base}`])];
  return [
    ...["docker", "buildx", "build", "--provenance=false", "--sbom=false"],
    ...(request.useCache ? [] : ["--no-cache"]),
    ...(request.image.platforms === undefined ? [] : ["--platform", request.image.platforms.join(",")]),
    ...buildArguments.flatMap((argument) => ["--build-arg", argument]),
    ...labelArguments(request),
    ...["--file", join(repository, request.image.dockerfile)],
    ...extra,
    repository,
  ];
}
