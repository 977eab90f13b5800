import { join } from "node:path";
import { readPackage } from "../bundle/third-party.ts";
import { buildImages } from "./build-images.ts";
import { BuildahEngine } from "./buildah.ts";
import { BuildahStorage } from "./buildah-storage.ts";
import { runTool } from "./command.ts";
import { DockerEngine } from "./docker.ts";
import { type ImageEngine, sourceDateEpoch } from "./engine.ts";
import { imageSpec } from "./image.ts";
import { type ImageOptions, readOptions, USAGE, UsageError } from "./options.ts";
import { sourceRevision } from "./revision.ts";

/** `npm run images`, after set-up by scripts/images.sh, which exports NIPHAS_BUILDAH and NIPHAS_IMAGE_BASE. */

const repository = join(import.meta.dirname, "../..");

function chooseEngine(options: ImageOptions, epoch: string): ImageEngine {
  const { NIPHAS_BUILDAH: program, NIPHAS_IMAGE_BASE: directory, NIPHAS_CACHE_DIR: cacheDir } = process.env;
  if (options.engine === "docker" || (options.engine === undefined && !program)) {
    return new DockerEngine({ repository, epoch, base: options.base });
  }
  if (!program || !directory || !cacheDir) throw new UsageError("buildah is used as root on Debian; else use Docker");
  const base = options.base === undefined ? { directory } : { image: options.base };
  const storage = new BuildahStorage(program, join(cacheDir, "buildah"));
  return new BuildahEngine({ storage, repository, epoch, base });
}

async function run(options: ImageOptions, signal: AbortSignal): Promise<void> {
  const report = (line: string): void => console.error(`images: ${line}`);
  const epoch = sourceDateEpoch(process.env);
  await using engine = chooseEngine(options, epoch);
  const { version, license } = readPackage(repository);
  const revision = await sourceRevision(repository, signal);
  if (options.names.some((name) => imageSpec(name).hasBundle)) {
    await runTool([process.execPath, join(repository, "scripts/bundle.ts")], signal);
  }
  report(`${options.names.join(", ")} with ${engine.name}, revision ${revision}`);
  await buildImages({ engine, options, repository, version, revision, license, epoch, report, signal });
}

const abort = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.once(signal, () => abort.abort(new Error(`stopped by ${signal}`)));
}
try {
  const options = readOptions(process.argv.slice(2), join(repository, "dist/images"));
  if (options.wantsHelp) console.log(USAGE);
  else await run(options, abort.signal);
} catch (error) {
  console.error(error instanceof UsageError ? `${error.message}\n\n${USAGE}` : `images: ${String(error)}`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
