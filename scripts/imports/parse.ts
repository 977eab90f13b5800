/** One import, re-export or dynamic import of a literal. */
export interface Import {
  readonly specifier: string;
  /** Starts at 1. */
  readonly line: number;
}

const STATEMENT = /^[ \t]*(?:import|export)\b(?:[^;"'`]*?\bfrom)?\s*["']([^"'\n]+)["']/gm;
const DYNAMIC = /\bimport\(\s*["']([^"'\n]+)["']\s*\)/g;

/** What a TypeScript source imports, in order. Comments are skipped. */
export function importsOf(text: string): Import[] {
  const code = blankComments(text);
  const matches = [...code.matchAll(STATEMENT), ...code.matchAll(DYNAMIC)];
  return matches
    .sort((a, b) => a.index - b.index)
    .map((match) => ({ specifier: match[1] ?? "", line: lineOf(code, match) }));
}

/** The line of the specifier, which is at the end of a statement of several lines. */
function lineOf(code: string, match: RegExpExecArray): number {
  return code.slice(0, match.index + match[0].length).split("\n").length;
}

const STRING_OR_COMMENT = /"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g;

/** Comments become spaces and template strings empty, so that lines stay where they were. */
function blankComments(text: string): string {
  return text.replace(STRING_OR_COMMENT, (token) =>
    token.startsWith("/") || token.startsWith("`") ? token.replace(/[^\n]/g, " ") : token,
  );
}
