. "$builders/common.sh"
echo "$text" >"$out"
