/** `ask-ready.ts URL`: exit code 0 when the answer is 200. */

const response = await fetch(process.argv[2] ?? "").catch(() => undefined);
process.exit(response?.status === 200 ? 0 : 1);
