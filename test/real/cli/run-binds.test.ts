import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { describeForBothUsers } from "./both-users.ts";

describeForBothUsers("binds of a program that runs", (fixture) => {
  it("is what --bind shows, read-only unless told otherwise", async () => {
    const hostDir = fixture().directory.join("host");
    writeFileSync(join(hostDir, "file"), "from the host\n");
    const tryWrite = "cat /app/file; (: > /app/ro) 2>/dev/null || echo refused; echo written > /data/new; cat /etc/one";
    const binds = [`${hostDir}:/app`, `${hostDir}:/data:rw`, `${join(hostDir, "file")}:/etc/one`];
    const args = binds.flatMap((bind) => ["--bind", bind]);
    expect(await fixture().script(tryWrite, args)).toEqual(["from the host", "refused", "from the host"]);
    expect(readFileSync(join(hostDir, "new"), "utf8")).toBe("written\n");
  });

  it("starts in --workdir, and HOME is the user's own when a bind shows it", async () => {
    const hostDir = fixture().directory.join("host");
    const args = ["--bind", `${hostDir}:${hostDir}`, "--workdir", hostDir];
    const lines = await fixture().script('echo "$PWD $HOME"', args, { env: { HOME: hostDir } });
    expect(lines).toEqual([`${hostDir} ${hostDir}`]);
  });

  it("make no directory inside another bind, and lead through no link of one", async () => {
    const hostDir = fixture().directory.join("host");
    mkdirSync(join(hostDir, "real"), { recursive: true });
    symlinkSync("/etc", join(hostDir, "link"));
    const failure = async (target: string) => {
      const binds = ["--bind", `${hostDir}:/a:rw`, "--bind", `${hostDir}:${target}`];
      const result = await fixture().run([fixture().programs.root, ...binds, "--entrypoint", "bin/sh"]);
      expect(result.exitCode).toBe(125);
      return result.stderr;
    };
    expect(await failure("/a/gone")).toContain("make it on the host first");
    expect(existsSync(join(hostDir, "gone"))).toBe(false);
    expect(await failure("/a/link/x")).toContain("leads through a symbolic link");
    expect(existsSync("/etc/x")).toBe(false);
  });
});
