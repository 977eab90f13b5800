#!/usr/bin/env bash
# Takes the files that examples/nginx packs (nginx, its libraries, and busybox and patchelf to build with) from Debian
# packages of this machine's own mirror, into examples/nginx/files/<system>/<name>/{bin,lib}. No root needed.
#
#   scripts/fetch-example.sh          fetches what is not there
#   scripts/fetch-example.sh --have   exit code 0 if all is there, 1 if not
#
# Kept in $NIPHAS_CACHE_DIR too, by package versions, so that another checkout needs no network.
source "$(dirname "${BASH_SOURCE[0]}")/setup/common.sh"

system=$(nix_system)
files=$repo/examples/nginx/files/$system

if [ -e "$files/.packages" ]; then exit 0; fi
if [ "${1:-}" = --have ]; then exit 1; fi

apt=(-q -o APT::Sandbox::User=root)

# nginx and patchelf with the libraries they name, whatever this Debian release calls them.
package_names() {
  printf '%s\n' nginx patchelf busybox-static
  apt-cache depends --no-pre-depends --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces --no-enhances nginx patchelf |
    awk '$1 == "Depends:" && $2 ~ /^(lib|zlib)/ { print $2 }'
}

# libssl3, libssl3t64 -> openssl, and so on: the names that the flake uses.
folder_of() {
  case $1 in
    libc6_*) echo glibc ;;
    libcrypt1_*) echo libxcrypt ;;
    libpcre2-8-0_*) echo pcre2 ;;
    libssl3*) echo openssl ;;
    zlib1g_*) echo zlib ;;
    libgcc-s1_* | libstdc++6_*) echo gcc ;;
    busybox-static_*) echo busybox ;;
    nginx_* | patchelf_*) echo "${1%%_*}" ;;
    *) say "no place in the example for $1"; return 1 ;;
  esac
}

# Programs and shared libraries only: no documentation, no locale data, no conversion modules.
unpack() {
  local deb=$1 target=$2 tree
  tree=$(mktemp -d -p "$work")
  dpkg-deb -x "$deb" "$tree"
  mkdir -p "$target/bin" "$target/lib"
  find "$tree" -path '*/doc' -prune -o \( -path '*/bin/*' -o -path '*/sbin/*' \) -type f -perm -100 -exec cp -t "$target/bin" {} +
  find "$tree" -mindepth 3 -maxdepth 4 -path '*/lib/*-linux-gnu/*' -name '*.so*' -exec cp -d -t "$target/lib" {} +
  rmdir --ignore-fail-on-non-empty "$target/bin" "$target/lib"
}

fetch() {
  local target=$1 deb folder
  (cd "$work" && apt-get "${apt[@]}" download "${packages[@]}")
  mkdir -p "$target"
  for deb in "$work"/*.deb; do
    folder=$(folder_of "$(basename "$deb")")
    unpack "$deb" "$target/$folder"
  done
}

install_from() {
  rm -rf "$files" "$files.part"
  mkdir -p "$(dirname "$files")"
  cp -a "$1" "$files.part"
  mv "$files.part" "$files"
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
apt-cache show nginx busybox-static >/dev/null 2>&1 || apt-get "${apt[@]}" update >&2
mapfile -t packages < <(package_names | sort -u)
for library in libc6 libpcre2-8-0 zlib1g; do
  case " ${packages[*]} " in *" $library "*) ;; *) say "apt does not name $library among nginx's libraries"; exit 1 ;; esac
done
uris=$(apt-get "${apt[@]}" download --print-uris "${packages[@]}" 2>/dev/null || { apt-get "${apt[@]}" update >&2 && apt-get "${apt[@]}" download --print-uris "${packages[@]}"; })
key=$(awk '{ print $2 }' <<<"$uris" | sort | tee "$work/.packages" | short_hash)
cached=$cache/example-nginx-$system-$key
if [ ! -d "$cached" ]; then
  fetch "$work/tree"
  cp "$work/.packages" "$work/tree/.packages"
  if [ ! -w "$cache" ]; then install_from "$work/tree"; exit 0; fi
  rm -rf "$cached.part"
  cp -a "$work/tree" "$cached.part"
  publish "$cached.part" "$cached"
fi
install_from "$cached"
