# As much of NixOS's module system as two modules need that do not read what each other sets: options are typed, have
# defaults, and are the only ones that may be set below `services.niphas`.
{ lib }:
let
  inherit (builtins)
    all
    attrNames
    concatStringsSep
    foldl'
    isAttrs
    isBool
    isFunction
    isInt
    isList
    isString
    match
    ;

  isOption = value: value._type or "" == "option";
  priority = kind: content: {
    _type = kind;
    inherit content;
  };
  contentOf = value: if value ? _type then value.content else value;

  type = name: check: { inherit name check; };

  # Lists are joined, `mkBefore` ones first; what is set by `mkDefault` gives way.
  merge =
    name: a: b:
    if a._type or "" == "default" then
      b
    else if b._type or "" == "default" then
      a
    else if isList (contentOf a) && isList (contentOf b) then
      if b._type or "" == "before" then contentOf b ++ contentOf a else contentOf a ++ contentOf b
    else if isAttrs a && isAttrs b then
      mergeAll [
        a
        b
      ]
    else
      throw "${name} is set twice";

  mergeAll = foldl' (
    left: right:
    left
    // builtins.mapAttrs (
      name: value: if left ? ${name} then merge name left.${name} value else value
    ) right
  ) { };

  # What is set, with defaults where nothing is.
  withDefaults =
    path: options: set:
    let
      unknown = builtins.filter (name: !options ? ${name}) (attrNames set);
      valueOf =
        name: option:
        let
          here = path ++ [ name ];
        in
        if !isOption option then
          withDefaults here option (set.${name} or { })
        else if set ? ${name} then
          checked here option set.${name}
        else if option ? default then
          checked here option option.default
        else
          throw "${concatStringsSep "." here} is not set and has no default";
    in
    if unknown == [ ] then
      builtins.mapAttrs valueOf options
    else
      throw "there is no option ${concatStringsSep "." (path ++ unknown)}";

  checked =
    path: option: value:
    if option.type.check value then
      value
    else
      throw "${concatStringsSep "." path} is not of type ${option.type.name}";

  stripped = value: if isAttrs value && value ? _type then value.content else value;

  # What NixOS has of its own and these modules look at or add to.
  nixos = {
    boot.kernelPackages.kernel.version = "6.12.1";
    nix.settings = {
      substituters = [ "https://cache.nixos.org/" ];
      trusted-public-keys = [ "cache.nixos.org-1:6NCHdD59X431o0gWypbMrAURkbJ16ZPMQFGspcDShjY=" ];
    };
  };
in
rec {
  mkIf = condition: value: if condition then value else { };
  mkDefault = priority "default";
  mkBefore = priority "before";
  mkOption = attributes: attributes // { _type = "option"; };
  mkEnableOption =
    description:
    mkOption {
      inherit description;
      type = types.bool;
      default = false;
    };

  types = {
    bool = type "boolean" isBool;
    path = type "absolute path" (value: isString value && match "/.*" value != null);
    port = type "port" (value: isInt value && value >= 0 && value <= 65535);
    str = type "string" isString;
    package = type "package" (value: value.type or "" == "derivation");
    strMatching = pattern: type "string like ${pattern}" (value: isString value && match pattern value != null);
    listOf = each: type "list of ${each.name}" (value: isList value && all each.check value);
    nullOr = other: type "null or ${other.name}" (value: value == null || other.check value);
    attrsOf = each: type "attributes of ${each.name}" (
      value: isAttrs value && all each.check (builtins.attrValues value)
    );
  };

  evalModules =
    { modules, pkgs }:
    let
      set = mergeAll (builtins.filter (module: !isFunction module) ([ nixos ] ++ modules));
      made = map (
        module:
        module {
          inherit lib pkgs;
          config = given;
        }
      ) (builtins.filter isFunction modules);
      options = mergeAll (map (module: module.options) made);
      given = set // {
        services.niphas = withDefaults [ "services" "niphas" ] options.services.niphas (set.services.niphas or { });
      };
      config = mergeAll ([ given ] ++ map (module: module.config) made);
    in
    {
      config = config // {
        nix.settings = builtins.mapAttrs (_: stripped) config.nix.settings;
      };
    };

  nixosSystem =
    { system, modules }:
    evalModules {
      inherit modules;
      pkgs.stdenv.hostPlatform = { inherit system; };
    };
}
