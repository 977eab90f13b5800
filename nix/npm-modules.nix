# The npm packages that the bundle is made from, by package-lock.json: a list of { path, tarball }.
#
# nixpkgs' own tools want the download's address in the lockfile, which has none. Here npm itself downloads each package,
# from the registry that it is configured for, and Nix checks it against the lockfile's digest.
{
  lib,
  stdenv,
  runCommand,
  nodejs_24,
}:
{
  packageLock,
  # Which development dependencies are needed too, by a predicate on the name.
  isBuildTool,
}:
let
  cpu = if stdenv.hostPlatform.isAarch64 then "arm64" else "x64";

  isAllowed = allowed: value: allowed == null || builtins.elem value (lib.toList allowed);
  isForHost =
    package:
    isAllowed (package.os or null) "linux"
    && isAllowed (package.cpu or null) cpu
    && isAllowed (package.libc or null) "glibc";

  nameOf = path: lib.last (lib.splitString "node_modules/" path);
  isWanted =
    path: package:
    package ? integrity && isForHost package && (!(package.dev or false) || isBuildTool (nameOf path));

  download =
    name: package:
    runCommand "npm-${builtins.replaceStrings [ "@" "/" ] [ "" "-" ] name}-${package.version}.tgz"
      {
        nativeBuildInputs = [ nodejs_24 ];
        impureEnvVars = lib.fetchers.proxyImpureEnvVars;
        outputHashAlgo = null;
        outputHashMode = "flat";
        outputHash = package.integrity;
      }
      ''
        export HOME=$TMPDIR
        npm pack --silent --ignore-scripts ${name}@${package.version}
        mv ./*.tgz $out
      '';
in
lib.mapAttrsToList (path: package: {
  inherit path;
  tarball = download (nameOf path) package;
}) (lib.filterAttrs isWanted packageLock.packages)
