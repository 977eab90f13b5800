# buildah, which builds the images where no Docker runs. Sourced by setup.sh and images.sh.

buildah=$(command -v buildah || printf '/usr/bin/buildah\n')

setup_buildah() {
  [ -x "$buildah" ] && return 0
  if ! is_root || ! is_debian || ! timed 'buildah from Debian' apt_install buildah; then
    lacks buildah 'it builds the images' 'apt-get install -y --no-install-recommends buildah (as root, on Debian), or use Docker'
  fi
}
