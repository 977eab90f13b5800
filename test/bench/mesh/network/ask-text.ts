/** `ask-text.ts URL`: prints the answer; exit code 1 unless it is 200. */

const response = await fetch(process.argv[2] ?? "");
process.stdout.write(await response.text());
process.exitCode = response.ok ? 0 : 1;
