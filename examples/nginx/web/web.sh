#!@busybox@/bin/sh
# nginx in the foreground as one process, for root and for ordinary users; nothing but $TMPDIR is written to.
set -eu
PATH=@busybox@/bin
scratch=${TMPDIR:-/tmp}
config=$scratch/nginx.${PORT:=8080}.conf

# A socket as standard output cannot be opened by name: no access log then.
access_log=/dev/stdout
(: >/dev/stdout) 2>/dev/null || access_log=off

sed -e "s|@port@|$PORT|g" -e "s|@scratch@|$scratch|g" -e "s|@access_log@|$access_log|g" @out@/etc/nginx.conf >"$config"
# nginx looks its user up when root starts it, and would ask for one that a small root does not have.
if [ "$(id -u)" -eq 0 ]; then set -- -g 'user root root;' "$@"; fi
exec @nginx@/bin/nginx -e stderr -p "$scratch" -c "$config" "$@"
