/** Run by `npm run check`: prints each violation of the rules in imports/rules.ts; exit code 1 if there is one. */
import { globSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { checkFile, type Manifest, type SourceFile } from "./imports/rules.ts";

const repo = join(import.meta.dirname, "..");
const SOURCES = ["packages/*/src/**/*.ts", "test/**/*.ts", "scripts/**/*.ts", "examples/**/*.ts", "*.ts"];
const SCRIPTS = ["scripts/**/*.sh", "examples/**/*.sh"];

function read(patterns: readonly string[]): SourceFile[] {
  const paths = patterns.flatMap((pattern) => globSync(join(repo, pattern)));
  return paths.sort().map((path) => ({ path: relative(repo, path), text: readFileSync(path, "utf8") }));
}

function readManifest(path: string): Manifest {
  return JSON.parse(readFileSync(path, "utf8"));
}

const manifests = new Map(
  globSync(join(repo, "packages/*/package.json")).map((path) => [relative(repo, join(path, "..")), readManifest(path)]),
);
manifests.set("", readManifest(join(repo, "package.json")));

const files = [...read(SOURCES), ...read(SCRIPTS)];
const violations = files.flatMap((file) => checkFile(file, manifests));
for (const violation of violations) {
  console.error(violation);
}
console.error(`imports: ${files.length} files, ${violations.length} violations`);
process.exitCode = violations.length > 0 ? 1 : 0;
