import { NiphasError } from "@niphas/core";
import { CommanderError } from "commander";
import { describe, expect, it } from "vitest";
import type { Output } from "../terminal/output.ts";
import { reportError } from "./report-error.ts";

function report(error: unknown, isJson = false) {
  let [out, err] = ["", ""];
  const output: Output = {
    write: (text) => {
      out += text;
    },
    writeError: (text) => {
      err += text;
    },
    isTerminal: false,
    isErrorTerminal: false,
    columns: 80,
  };
  const exitCode = reportError(error, { isJson, commandName: "niphas run" }, output);
  return { exitCode, out, err };
}

describe("reportError", () => {
  it("prints our errors once and exits by their kind", () => {
    expect(report(new NiphasError("PathNotFound", "nobody has it"))).toEqual({
      exitCode: 4,
      out: "",
      err: "niphas: nobody has it\n",
    });
  });

  it("gives machines code, kind and message", () => {
    const { exitCode, out, err } = report(new NiphasError("DiskFull", "full"), true);
    expect([exitCode, err]).toEqual([7, ""]);
    expect(JSON.parse(out)).toEqual({ error: { code: "DiskFull", kind: "exhausted", message: "full" } });
  });

  it("turns wrong usage into exit code 2 with the way to the help", () => {
    const error = new CommanderError(1, "commander.unknownOption", "error: unknown option '--x'\n(Did you mean --y?)");
    expect(report(error)).toEqual({
      exitCode: 2,
      out: "",
      err: "niphas: unknown option '--x' (Did you mean --y?); the program's own arguments come after --; see `niphas run --help`\n",
    });
  });

  it("does not call help an error", () => {
    expect(report(new CommanderError(0, "commander.helpDisplayed", "(outputHelp)"))).toEqual({
      exitCode: 0,
      out: "",
      err: "",
    });
  });

  it("shows what an unforeseen error said", () => {
    expect(report(new TypeError("x is not a function"))).toMatchObject({
      exitCode: 1,
      err: "niphas: unexpected error: x is not a function; please report it\n",
    });
  });
});
