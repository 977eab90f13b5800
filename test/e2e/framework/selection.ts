import type { Case, Story } from "./story.ts";

/** What of a story is to be run. */
export function wantedCases<Context>(story: Story<Context>, filters: readonly string[] = []): readonly Case<Context>[] {
  const isNamed = (each: Case<Context>): boolean => {
    const text = `${story.name}: ${each.name}`.toLowerCase();
    return filters.length === 0 || filters.some((filter) => text.includes(filter.toLowerCase()));
  };
  // A story of which nothing is named is not even begun.
  return story.cases.some(isNamed) ? story.cases.filter((each) => isNamed(each) || each.isFoundation === true) : [];
}
