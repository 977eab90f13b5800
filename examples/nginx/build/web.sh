# The start script and nginx's configuration, with the store paths filled in.
. "$builders/common.sh"
mkdir -p "$out/bin" "$out/etc"
fill_in() { sed -e "s|@out@|$out|g" -e "s|@busybox@|$shell|g" -e "s|@nginx@|$nginx|g" -e "s|@site@|$site|g" "$1"; }
fill_in "$source/web.sh" >"$out/bin/web"
fill_in "$source/nginx.conf" >"$out/etc/nginx.conf"
chmod 0555 "$out/bin/web"
