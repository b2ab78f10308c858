# embed.sh FILE NAME: prints FILE as a C string constant called NAME.
printf '#include "store/store_internal.h"\n\nconst char %s[] =\n' "$2"
sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/\t"/' -e 's/$/\\n"/' "$1"
printf '\t"";\n'
