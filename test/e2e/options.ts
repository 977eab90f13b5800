import { parseArgs } from "node:util";

export const STORY_NAMES = ["core", "chaos", "mesh"] as const;
export type StoryName = (typeof STORY_NAMES)[number];

/** The command line of `npm run e2e`. */
export interface E2eOptions {
  readonly stories: readonly StoryName[];
  /** Empty: all cases. */
  readonly filters: readonly string[];
  /** Leave the cluster running at the end. */
  readonly isKept: boolean;
  readonly jsonFile: string | undefined;
  /** Of the cluster. */
  readonly name: string;
}

/** Variable with the id of the process outside of the cluster's network that started run-stories.ts. */
export const OUTER_PID_VARIABLE = "NIPHAS_E2E_OUTER_PID";

export class UsageError extends Error {}

export const USAGE = `usage: npm run e2e -- [--story core|chaos|mesh|all] [--filter TEXT]... [--keep] [--json FILE] [--name NAME]

  --story    which story; core if not given; several: core,mesh
  --filter   only cases whose "story: name" contains TEXT, in either case, and what they need; may repeat
  --keep     leave the cluster running, without the cases' own pods; npm run cluster -- down --name NAME ends it
  --json     write the results to FILE too; it holds no cases while they run
  --name     name of the cluster; e2e if not given`;

/** @throws UsageError */
export function parseOptions(argv: readonly string[]): E2eOptions {
  const values = parse(argv);
  const stories = parseStories(values.story ?? "core");
  const { name = "e2e", filter: filters = [] } = values;
  if (filters.includes("")) throw new UsageError(`--filter needs a text\n${USAGE}`);
  return { stories, filters, isKept: values.keep ?? false, jsonFile: values.json, name };
}

/** In the order in which they run, whatever the order in which they are named. */
function parseStories(text: string): readonly StoryName[] {
  const wanted = text.split(",");
  const unknown = wanted.find((name) => !["all", ...STORY_NAMES].includes(name));
  if (unknown !== undefined) throw new UsageError(`there is no story ${unknown}\n${USAGE}`);
  return wanted.includes("all") ? STORY_NAMES : STORY_NAMES.filter((name) => wanted.includes(name));
}

function parse(argv: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        story: { type: "string" },
        filter: { type: "string", multiple: true },
        keep: { type: "boolean" },
        json: { type: "string" },
        name: { type: "string" },
      },
    });
    return values;
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
  }
}
