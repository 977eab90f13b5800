/** scripts/test/summary.ts DIR: prints the totals of all reports in DIR; exit code 1 if anything failed. */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type StageReport, summarise } from "./report.ts";

function readReport(path: string): StageReport {
  return JSON.parse(readFileSync(path, "utf8"));
}

const [directory = "."] = process.argv.slice(2);
const { lines, failed } = summarise(globSync(join(directory, "*.json")).sort().map(readReport));
for (const line of lines) {
  console.log(line);
}
process.exitCode = failed > 0 ? 1 : 0;
