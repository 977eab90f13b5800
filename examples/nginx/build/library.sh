# Shared libraries from Debian's files; each finds the ones it needs by store path.
. "$builders/common.sh"
mkdir -p "$out/lib"
cp -a "$files/$source/lib/." "$out/lib/"
chmod -R u+w "$out"
[ -n "$dependencies" ] || exit 0
for file in "$out"/lib/*.so*; do
  [ -L "$file" ] || patchelf --set-rpath "$(library_path "$out" $dependencies)" "$file"
done
