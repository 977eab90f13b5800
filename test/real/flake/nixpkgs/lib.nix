# Of nixpkgs' library what the flake uses, with the same meaning: https://nixos.org/manual/nixpkgs/unstable/#sec-functions-library
let
  modules = import ./modules.nix { inherit lib; };

  lib = {
    genAttrs =
      names: make:
      builtins.listToAttrs (
        map (name: {
          inherit name;
          value = make name;
        }) names
      );
    filterAttrs =
      keep: attributes:
      removeAttrs attributes (
        builtins.filter (name: !keep name attributes.${name}) (builtins.attrNames attributes)
      );
    mapAttrsToList = make: attributes: map (name: make name attributes.${name}) (builtins.attrNames attributes);
    concatStringsSep = builtins.concatStringsSep;
    concatMapStringsSep = separator: make: list: builtins.concatStringsSep separator (map make list);
    hasPrefix = prefix: text: builtins.substring 0 (builtins.stringLength prefix) text == prefix;
    splitString = separator: text: builtins.filter builtins.isString (builtins.split separator text);
    toList = value: if builtins.isList value then value else [ value ];
    last = list: builtins.elemAt list (builtins.length list - 1);
    importJSON = file: builtins.fromJSON (builtins.readFile file);
    fetchers.proxyImpureEnvVars = [ "https_proxy" ];
    fileset = {
      unions = files: assert builtins.all builtins.pathExists files; files;
      toSource = attributes: attributes;
    };
    getExe = package: "${package}/bin/${package.name}";
    makeBinPath = packages: builtins.concatStringsSep ":" (map (package: "${package}/bin") packages);
    licenses.asl20.spdxId = "Apache-2.0";

    versionOlder = a: b: builtins.compareVersions b a == 1;
    optional = condition: value: if condition then [ value ] else [ ];
    optionalAttrs = condition: attributes: if condition then attributes else { };
    inherit (modules)
      evalModules
      mkBefore
      mkDefault
      mkEnableOption
      mkIf
      mkOption
      nixosSystem
      types
      ;
  };
in
lib
