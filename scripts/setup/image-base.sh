# A minimal Debian forky as one archive, the local twin of Debian's slim image, for machines that cannot pull it.
# Made from the machine's own mirror, so the same mirror state gives the same bytes. Sourced by setup.sh.

# Packages that images add later leave behind what Debian's slim image leaves out.
write_slim_rules() {
  printf 'path-exclude /usr/share/%s/*\n' doc info locale man lintian
  printf 'path-include /usr/share/doc/*/copyright\n'
}

# What differs from machine to machine or from day to day.
remove_traces() {
  local root=$1
  rm -rf "$root"/var/log/* "$root"/var/cache/ldconfig/* "$root"/usr/share/lintian
  rm -f "$root"/etc/{hostname,resolv.conf,machine-id} "$root"/etc/apt/sources.list
  find "$root/etc" "$root/var" -xdev -type f \( -name '*-' -o -name '*-old' \) -delete
}

pack_image_base() {
  local root=$1 dir=$2
  remove_traces "$root"
  write_slim_rules >"$root/etc/dpkg/dpkg.cfg.d/slim"
  # The build mounts the machine's own mirror here; the image names none.
  : >"$root/etc/apt/sources.list.d/debian.sources"
  # Devices come from whatever runs the image.
  tar --sort=name --mtime=@0 --numeric-owner --one-file-system --exclude='./dev/*' -C "$root" -cf "$dir/root.tar" .
}

image_base=$cache/image-base-$(declare -f bootstrap_root remove_traces write_slim_rules pack_image_base | short_hash)

# write_image_sources MIRROR: the machine's mirror as the build's RUN steps see it. Signatures are checked; the age of
# the index is not, here as by debootstrap, so that a mirror which stands still on purpose serves too.
write_image_sources() {
  printf '%s\n' 'Types: deb' "URIs: $1" 'Suites: forky' 'Components: main' \
    'Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg' 'Check-Valid-Until: no'
}

build_image_base() {
  local mirror=$1 part=$image_base.part status=0
  rm -rf --one-file-system "$part"
  mkdir -p "$part"
  # The days on which accounts were made are in /etc/shadow otherwise.
  SOURCE_DATE_EPOCH=0 build_debian_root "$part/root" "$mirror" 'apt-get --version' || status=$?
  if [ "$status" -eq 0 ]; then
    pack_image_base "$part/root" "$part" && write_image_sources "$mirror" >"$part/debian.sources" &&
      rm -rf --one-file-system "$part/root" && publish "$part" "$image_base" || status=$?
  fi
  rm -rf --one-file-system "$part"
  return "$status"
}

setup_image_base() {
  [ -d "$image_base" ] && return 0
  local mirror
  if ! is_root || ! is_debian; then
    lacks 'the base of the images' 'buildah builds them on it' 'run npm run images as root on Debian 12, or where Docker runs'
    return 0
  fi
  { mirror=$(debian_mirror) && export_apt_proxy && timed 'base of the images (Debian forky)' build_image_base "$mirror"; } ||
    lacks 'the base of the images' 'buildah builds them on it' "$debian_root_help"
}
