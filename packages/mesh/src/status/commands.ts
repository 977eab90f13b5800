import { isNiphasError, NiphasError, parseSocketAddress } from "@niphas/core";
import { type Command, Option } from "commander";
import { envName, FLAGS } from "../flags.ts";
import { formatHostPort } from "../membership/peer-address.ts";
import { askedPath } from "./asked-path.ts";

export interface StatusCommandsContext {
  readonly signal: AbortSignal;
  readonly write: (text: string) => void;
}

interface StatusFlags {
  readonly substituter: string;
  readonly json?: true;
}

/** Longer than the daemon takes to ask everybody. */
const ANSWER_MS = 10_000;

/** `niphas mesh status` and `niphas mesh why`: questions to the daemon of this machine. */
export function addStatusCommands(mesh: Command, context: StatusCommandsContext): void {
  const status = mesh.command("status").description("Show the daemon of this machine: members, transfers, bytes.");
  addFlags(status).action(async () => {
    context.write(await ask("/status", flagsOf(status), context.signal));
  });
  const why = mesh
    .command("why")
    .description("Say where a store path can be had from, who was asked, and why it is not to be had.")
    .argument("<store path>", "or a path inside one, a link to one, or the 32 characters of its hash");
  addFlags(why).action(async (path: string) => {
    context.write(await ask(`/why/${askedPath(path)}`, flagsOf(why), context.signal));
  });
}

function addFlags(command: Command): Command {
  const { flag, argument, defaultText } = FLAGS.substituter;
  const substituter = new Option(`${flag} ${argument}`, "where the daemon serves Nix").env(envName("substituter"));
  return command.allowExcessArguments(false).addOption(substituter.default(defaultText)).option("--json", "print JSON");
}

/** Commander gives a flag that `niphas mesh` has too to `niphas mesh`, wherever it stands. */
function flagsOf(command: Command): StatusFlags {
  return command.optsWithGlobals<StatusFlags>();
}

async function ask(path: string, flags: StatusFlags, signal: AbortSignal): Promise<string> {
  const address = addressOf(flags.substituter);
  const response = await request(`http://${address}${path}`, flags, signal);
  const body = await response.text();
  if (response.ok) return body.endsWith("\n") ? body : `${body}\n`;
  // Before it is ready, and from when it shuts down, the daemon answers nothing else.
  throw new NiphasError(
    "SubstituterUnavailable",
    `the mesh daemon at ${address} is starting, ending, or no mesh daemon`,
  );
}

async function request(url: string, flags: StatusFlags, signal: AbortSignal): Promise<Response> {
  const headers = { accept: flags.json === true ? "application/json" : "text/plain" };
  try {
    return await fetch(url, { headers, signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]) });
  } catch (cause) {
    signal.throwIfAborted();
    throw new NiphasError("SubstituterUnavailable", whyNoAnswer(new URL(url).host, cause), { cause });
  }
}

function whyNoAnswer(address: string, cause: unknown): string {
  const isLate = cause instanceof Error && cause.name === "TimeoutError";
  if (isLate) return `the mesh daemon at ${address} has not answered for ${ANSWER_MS / 1000} s`;
  const setting = `${FLAGS.substituter.flag} or ${envName("substituter")}`;
  return `no mesh daemon answers at ${address}: start niphas mesh, or say where it is with ${setting}`;
}

function addressOf(text: string): string {
  try {
    const { host, port } = parseSocketAddress(text);
    return formatHostPort({ host: host === "" ? "127.0.0.1" : host, port });
  } catch (cause) {
    if (!isNiphasError(cause)) throw cause;
    throw new NiphasError("InvalidConfiguration", `${FLAGS.substituter.flag}: ${cause.message}`, { cause });
  }
}
