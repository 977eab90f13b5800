import { chaosStory } from "./chaos/index.ts";
import { coreStory } from "./core/index.ts";
import { wantedCases } from "./framework/selection.ts";
import type { Story } from "./framework/story.ts";
import { meshStory } from "./mesh/index.ts";
import { type E2eOptions, type StoryName, UsageError } from "./options.ts";
import type { CaseContext } from "./world/context.ts";

const STORIES: Readonly<Record<StoryName, Story<CaseContext>>> = {
  core: coreStory,
  chaos: chaosStory,
  mesh: meshStory,
};

/** @throws UsageError with all names when the filters leave nothing to run */
export function wantedStories({ stories, filters }: E2eOptions): readonly Story<CaseContext>[] {
  const wanted = stories.map((name) => STORIES[name]);
  if (wanted.some((story) => wantedCases(story, filters).length > 0)) return wanted;
  const names = wanted.flatMap((story) => story.cases.map((each) => `  ${story.name}: ${each.name}`));
  throw new UsageError(`no case contains ${filters.join(" or ")}; there are\n${names.join("\n")}`);
}
