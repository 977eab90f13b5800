. "$builders/common.sh"
cp -a "$source" "$out"
