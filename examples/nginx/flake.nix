{
  description = "nginx and the libraries it is linked with, from Debian's files: a flake without inputs that builds offline";

  outputs =
    { self }:
    let
      systems = [
        "x86_64-linux"
        "aarch64-linux"
      ];

      packagesFor =
        system:
        let
          # Filled by scripts/fetch-example.sh for the machine's own system; the other still evaluates.
          files = "${self}/files/${system}";

          build =
            name: script: attributes:
            derivation (
              {
                inherit name system;
                builder = "${files}/busybox/bin/busybox";
                args = [
                  "sh"
                  "${self}/build/${script}.sh"
                ];
                inherit files;
                builders = "${self}/build";
              }
              // attributes
            );

          library =
            name: dependencies:
            build name "library" {
              inherit dependencies;
              source = name;
            };
        in
        rec {
          glibc = library "glibc" [ ];
          zlib = library "zlib" [ glibc ];
          pcre2 = library "pcre2" [ glibc ];
          libxcrypt = library "libxcrypt" [ glibc ];
          openssl = library "openssl" [ glibc ];

          nginx = build "nginx" "program" {
            source = "nginx";
            inherit glibc;
            dependencies = [
              glibc
              zlib
              pcre2
              libxcrypt
              openssl
            ];
          };

          busybox = build "busybox" "shell" { };

          site = build "site" "site" { source = "${self}/site"; };

          # nginx reads no environment: a script of a few lines fills in the port and starts it.
          web =
            build "web" "web" {
              inherit nginx site;
              shell = busybox;
              source = "${self}/web";
            }
            // {
              meta = {
                description = "nginx with one page, on $PORT (8080 if not set), for root and for ordinary users";
                mainProgram = "web";
              };
            };

          # Not part of web's closure: nothing that runs web can see it.
          other = build "other" "text" { text = "another team's file"; };

          default = web;
        };
    in
    {
      packages = builtins.listToAttrs (
        map (system: {
          name = system;
          value = packagesFor system;
        }) systems
      );
    };
}
