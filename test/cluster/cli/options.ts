import { parseArgs } from "node:util";
import { MAX_NODES } from "../network/addresses.ts";
import { DEFAULT_NAME } from "../state/layout.ts";

export const USAGE = `usage: npm run cluster -- COMMAND [--name NAME] [OPTIONS]

A real Kubernetes cluster on this machine, in namespaces of its own (root needed).

  up [--nodes 3] [--kubernetes v1.34]   make a cluster; an older one of that name is removed first; 0 nodes: control plane only
  down                                  remove all of it, also what a killed up has left
  status [--json]                       what runs; exit code 1 when something does not, 4 when there is no cluster
  kubeconfig                            print the administrator's kubeconfig
  kubectl ARGUMENT...                   run kubectl as the administrator
  node-exec NODE -- COMMAND...          run a command on a node
  load-image FILE [--node NODE]...      import an OCI archive into containerd, on all nodes if none is named
  self-test [--json]                    check pods, networks, Services, DNS, tokens on a cluster that is up
  self-test --lifecycle [--json]        check up and down themselves, on clusters of other names

  --name NAME    which cluster (default ${DEFAULT_NAME}); several can be up at once
`;

export const COMMANDS = [
  "up",
  "down",
  "status",
  "kubeconfig",
  "kubectl",
  "node-exec",
  "load-image",
  "self-test",
] as const;

export type CommandName = (typeof COMMANDS)[number];

export interface CliOptions {
  readonly command: CommandName;
  readonly name: string;
  readonly nodes: number;
  readonly kubernetes: string | undefined;
  readonly isJson: boolean;
  readonly isLifecycle: boolean;
  /** Of load-image. */
  readonly onNodes: readonly string[];
  /** What follows the command and its options. */
  readonly rest: readonly string[];
}

export class UsageError extends Error {}

/** @throws UsageError; `undefined` when help is asked for */
export function parseCommandLine(argv: readonly string[]): CliOptions | undefined {
  const command = COMMANDS.find((name) => name === argv[0]);
  if (argv.length === 0 || argv[0] === "--help" || argv[0] === "help") return undefined;
  if (command === undefined) throw new UsageError(`no command ${argv[0]}; there are ${COMMANDS.join(", ")}`);
  const { own, passed } = splitArguments(command, argv.slice(1));
  const { values, positionals } = parse(own);
  if (values.help === true) return undefined;
  return {
    command,
    name: values.name ?? DEFAULT_NAME,
    nodes: nodeCount(values.nodes ?? "3"),
    kubernetes: values.kubernetes,
    isJson: values.json ?? false,
    isLifecycle: values.lifecycle ?? false,
    onNodes: values.node ?? [],
    rest: [...positionals, ...passed],
  };
}

/** kubectl's own arguments begin at once, but for a `--name NAME` in front; node-exec's after `--`. */
function splitArguments(command: CommandName, argv: readonly string[]): { own: string[]; passed: string[] } {
  const end = command === "kubectl" ? kubectlStart(argv) : argv.indexOf("--");
  if (end === -1) return { own: [...argv], passed: [] };
  const passed = argv.slice(end);
  return { own: argv.slice(0, end), passed: passed[0] === "--" ? passed.slice(1) : passed };
}

function kubectlStart(argv: readonly string[]): number {
  if (argv[0] === "--name") return 2;
  return argv[0]?.startsWith("--name=") === true ? 1 : 0;
}

function parse(argv: string[]) {
  try {
    return parseArgs({
      args: argv,
      allowPositionals: true,
      options: {
        name: { type: "string" },
        nodes: { type: "string" },
        kubernetes: { type: "string" },
        json: { type: "boolean" },
        lifecycle: { type: "boolean" },
        node: { type: "string", multiple: true },
        help: { type: "boolean" },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function nodeCount(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 0 && count <= MAX_NODES) return count;
  throw new UsageError(`--nodes is a number from 0 to ${MAX_NODES}`);
}
