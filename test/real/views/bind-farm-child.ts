/** Run as an ordinary user inside new user and mount namespaces: assembles a view and says what it sees, as JSON. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { assembleBindFarm, parseMountinfo, type ViewPlan } from "@niphas/views";

const [planFile = "", target = ""] = process.argv.slice(2);
const plan: ViewPlan = JSON.parse(readFileSync(planFile, "utf8"));
assembleBindFarm(plan, target);

const options = parseMountinfo(readFileSync("/proc/self/mountinfo", "utf8"))
  .filter((entry) => entry.mountPoint.startsWith(target))
  .map((entry) =>
    entry.options
      .filter((option) => option !== "relatime")
      .sort()
      .join(),
  );
const names = readdirSync(target).sort();
console.log(
  JSON.stringify({
    names,
    options: [...new Set(options)].map((each) => each.split(",")),
    write: writeError(join(target, "new")),
    writeBelow: writeError(join(target, names.at(-1) ?? "", "new")),
  }),
);

function writeError(path: string): unknown {
  try {
    writeFileSync(path, "x");
    return "success";
  } catch (error) {
    return error instanceof Error && "code" in error ? error.code : error;
  }
}
