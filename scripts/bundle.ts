/**
 * Bundles `niphas` into dist/niphas, for images and for machines without the sources: `npm run bundle [-- DIRECTORY]`.
 * `node dist/niphas/niphas.js` then needs only the native module koffi, from a node_modules directory beside or above it.
 * Worker threads and the process inside the namespace of `niphas run` are files of their own, found beside the bundle
 * by the modules that start them.
 */
import { chmodSync, cpSync, existsSync, globSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { build, type Metafile } from "esbuild";
import { distinctPackages, licenseNotice, packageDirectories, readPackage } from "./bundle/third-party.ts";

const repo = join(import.meta.dirname, "..");
const outDir = resolve(process.argv[2] ?? join(repo, "dist/niphas"));

/** The C module cannot be bundled. */
const EXTERNAL = ["koffi", "@koromix/*"];

/** CommonJS modules inside an ECMAScript bundle still call `require` for Node's own. */
const REQUIRE =
  'import { createRequire as niphasRequire } from "node:module"; const require = niphasRequire(import.meta.url);';

/** What is run by a worker thread, by the name under which packages/views looks for it beside the bundle. */
const workers = globSync(join(repo, "packages/*/src/**/*-worker.ts")).map((path) => [basename(path, ".ts"), path]);

// It is deleted, and a slip of the hand must not cost anybody's files.
if (existsSync(outDir) && readdirSync(outDir).length > 0 && !existsSync(join(outDir, "niphas.js"))) {
  console.error(`bundle: ${outDir} holds files but no bundle: give an empty directory or a new one`);
  process.exit(1);
}
rmSync(outDir, { recursive: true, force: true });
// Images take over the modes, and ordinary users run them.
process.umask(0o022);
const result = await build({
  absWorkingDir: repo,
  entryPoints: {
    niphas: join(repo, "packages/cli/src/bin/niphas.js"),
    "enter-root": join(repo, "packages/cli/src/enter/main.ts"),
    ...Object.fromEntries(workers),
  },
  outdir: outDir,
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node24",
  external: EXTERNAL,
  banner: { js: REQUIRE },
  // Node.js keeps the whole text in memory. Names stay, for traces; lines too.
  minifyWhitespace: true,
  lineLimit: 160,
  legalComments: "linked",
  metafile: true,
  logLevel: "warning",
});
cpSync(join(repo, "proto"), join(outDir, "proto"), { recursive: true });
// Node.js would otherwise read each file twice to find out that it is an ECMAScript module.
const { version, license } = readPackage(repo);
writeJson("package.json", { name: "niphas", version, license, type: "module" });
const directories = packageDirectories(usedInputs(result.metafile)).map((directory) => join(repo, directory));
const packages = distinctPackages(directories);
writeJson("third-party.json", packages.map(readPackage));
writeFileSync(join(outDir, "third-party-licenses.txt"), `${licenseNotice(packages)}\n`);
chmodSync(join(outDir, "niphas.js"), 0o755);

const sizeBytes = Object.values(result.metafile.outputs).reduce((sum, output) => sum + output.bytes, 0);
console.log(`bundle: ${outDir}, ${(sizeBytes / 1024).toFixed(0)} KiB`);

/** The files that something is left of. */
function usedInputs(metafile: Metafile): string[] {
  const inputs = Object.values(metafile.outputs).flatMap((output) => Object.entries(output.inputs));
  return inputs.filter(([, input]) => input.bytesInOutput > 0).map(([path]) => path);
}

function writeJson(name: string, value: unknown): void {
  writeFileSync(join(outDir, name), `${JSON.stringify(value, null, 2)}\n`);
}
