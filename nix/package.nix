# The command `niphas`, with Nix, composefs and xz at hand. `npm run bundle` makes the same JavaScript for the images.
{
  lib,
  stdenv,
  callPackage,
  autoPatchelfHook,
  makeWrapper,
  nodejs_24,
  nix,
  composefs,
  util-linux,
  xz,
}:
let
  lockfile = lib.importJSON ../package-lock.json;
  # The pinned Node.js is for machines without Nix.
  isOurNode = path: lib.hasPrefix "node_modules/node-linux-" path;
  npmModules = callPackage ./npm-modules.nix { } {
    packageLock.packages = lib.filterAttrs (path: _: !isOurNode path) lockfile.packages;
    isBuildTool = name: name == "esbuild" || lib.hasPrefix "@esbuild/" name;
  };
in
stdenv.mkDerivation {
  pname = "niphas";
  inherit (lib.importJSON ../package.json) version;

  src = lib.fileset.toSource {
    root = ../.;
    fileset = lib.fileset.unions [
      ../package.json
      ../packages
      ../proto
      ../scripts/bundle.ts
      ../scripts/bundle
    ];
  };

  nativeBuildInputs = [
    autoPatchelfHook
    makeWrapper
    nodejs_24
  ];
  # For koffi's native module, the only compiled code.
  buildInputs = [ stdenv.cc.cc.lib ];

  configurePhase = ''
    runHook preConfigure
    unpackModule() { mkdir -p "$1" && tar --extract --gzip --file "$2" --directory "$1" --strip-components 1; }
    ${lib.concatMapStringsSep "\n" ({ path, tarball }: "unpackModule ${path} ${tarball}") npmModules}
    mkdir -p node_modules/@niphas
    for package in packages/*; do ln -s "../../$package" node_modules/@niphas/; done
    runHook postConfigure
  '';

  buildPhase = ''
    runHook preBuild
    node scripts/bundle.ts build/niphas
    runHook postBuild
  '';

  installPhase = ''
    runHook preInstall
    mkdir -p $out/bin $out/lib
    cp -r build/niphas $out/lib/niphas
    mkdir $out/lib/niphas/node_modules
    cp -r node_modules/koffi node_modules/@koromix $out/lib/niphas/node_modules/
    rm -rf $out/lib/niphas/node_modules/@koromix/*/musl_*
    makeWrapper ${lib.getExe nodejs_24} $out/bin/niphas \
      --add-flags $out/lib/niphas/niphas.js \
      --prefix PATH : ${
        lib.makeBinPath [
          nix
          composefs
          util-linux
          xz
        ]
      }
    runHook postInstall
  '';

  doInstallCheck = true;
  installCheckPhase = ''
    runHook preInstallCheck
    $out/bin/niphas version
    runHook postInstallCheck
  '';

  meta = {
    description = "Run Nix closures as Kubernetes pods instead of container images";
    license = lib.licenses.asl20;
    mainProgram = "niphas";
    platforms = [
      "x86_64-linux"
      "aarch64-linux"
    ];
  };
}
