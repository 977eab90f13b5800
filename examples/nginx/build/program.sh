# A program from Debian's files, with the store's own loader and libraries.
. "$builders/common.sh"
mkdir -p "$out/bin"
cp "$files/$source/bin/$source" "$out/bin/$source"
chmod u+w "$out/bin/$source"
patchelf --set-interpreter "$(loader_in "$glibc")" --set-rpath "$(library_path $dependencies)" "$out/bin/$source"
"$out/bin/$source" -v
