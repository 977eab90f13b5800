import { copyFileSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { librariesOf } from "./program-closure.ts";

/** A flake without inputs. Its builder is the loader with a shell; its program is ldconfig, which is static. */
export function writeFlake(dir: string): void {
  const files = join(dir, "files");
  for (const name of ["bin", "lib"]) mkdirSync(join(files, name), { recursive: true });
  const tools = ["/bin/bash", "/bin/mkdir", "/bin/cp"];
  for (const tool of tools) copyFileSync(tool, join(files, "bin", basename(tool)));
  for (const library of librariesOf(tools)) copyFileSync(library, join(files, "lib", basename(library)));
  copyFileSync("/sbin/ldconfig", join(files, "program"));
  const loader = readdirSync(join(files, "lib")).find((name) => name.startsWith("ld-linux"));
  const system = `${process.arch === "arm64" ? "aarch64" : "x86_64"}-linux`;
  const script = ["mkdir -p $out/bin", "cp $program $out/bin/shown", "cp $program $out/bin/other"]
    .map((line) => `$loader --library-path $lib $tools/${line}`)
    // The shell must outlive cp: Nix kills a builder that has closed its output, as cp does a moment before it ends.
    .concat("exit 0")
    .join("; ");
  writeFileSync(
    join(dir, "flake.nix"),
    `{
  outputs = { self }: {
    packages.${system}.default = derivation {
      name = "shown-in-test-1.0";
      system = "${system}";
      loader = "\${./files}/lib/${loader}";
      lib = "\${./files}/lib";
      tools = "\${./files}/bin";
      program = "\${./files}/program";
      builder = "\${./files}/lib/${loader}";
      args = [ "--library-path" "\${./files}/lib" "\${./files}/bin/bash" "-c" "${script}" ];
    } // { meta.mainProgram = "shown"; };
  };
}
`,
  );
}
