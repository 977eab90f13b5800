const OPERAND = String.raw`(?!(?:AND|OR|WITH)\b)[A-Za-z0-9][A-Za-z0-9.:+-]*`;
const CHAIN = String.raw`${OPERAND}(?:\s+(?:AND|OR|WITH)\s+${OPERAND})*`;
const PARENTHESES = new RegExp(String.raw`\(\s*${CHAIN}\s*\)`, "g");
const WHOLE = new RegExp(`^${CHAIN}$`);

/** Has the form of an SPDX licence expression: https://spdx.github.io/spdx-spec/v2.3/SPDX-license-expressions/ */
export function isLicenseExpression(text: string): boolean {
  const simpler = text.trim().replace(PARENTHESES, "X");
  return simpler === text.trim() ? WHOLE.test(simpler) : isLicenseExpression(simpler);
}
