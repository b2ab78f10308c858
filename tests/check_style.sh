#!/bin/sh
# check_style.sh: the house rules that a machine can check.
#
#     sh tests/check_style.sh [TREE]         lengths, names, banned functions, left-over notes
#     sh tests/check_style.sh --format       C files are as clang-format leaves them
#     sh tests/check_style.sh --self-test    proves that planted violations are found
#
# Exit code 0 clean, 1 violations (one a line), 77 skipped.
set -eu

tests=$(cd "$(dirname "$0")" && pwd)

# The version whose output the tree is kept in; others differ in small things.
clang_format_version=14

# Files that people write, from the top of the tree.
written_files()
{
	find . \( -path ./.git -o -path './build*' -o -path './.cache' \) -prune -o -type f \
		\( -name '*.[ch]' -o -name '*.sh' -o -name '*.py' -o -name '*.awk' -o -name '*.sql' \
		-o -name '*.md' -o -name '*.txt' -o -name '*.8' -o -name 'meson*' -o -path ./.ci/run \) \
		-print | LC_ALL=C sort
}

c_files()
{
	find cmd lib tests geo -name '*.[ch]' 2>/dev/null | LC_ALL=C sort
}

check_c()
{
	c_files | LC_ALL=C xargs -r awk -f "$tests/check_style.awk"
}

check_names()
{
	c_files | grep -E '/(util|utils|common|misc|helper|helpers)\.[ch]$' |
		sed 's/$/: a file is named for what it does/'
}

# Each pattern has a bracket so that it does not find itself.
check_words()
{
	written_files | grep -v -e '^\./LICENSE' |
		LC_ALL=C xargs -r grep -nE 'TO[D]O|FIX[M]E|\<not[ ]implemented\>' |
		sed 's/$/  <- a note left behind: finish it or file an issue/'
	written_files |
		LC_ALL=C xargs -r grep -nE '(^|[^a-z])/(wor[k]|ro[o]t)/|/tmp/w[t]|/tmp/bash[_]' |
		sed 's/$/  <- a path of one machine/'
	written_files | LC_ALL=C xargs -r grep -niE \
		'\<(deb|ftp|security|snapshot|registry|proxy|index|static|repo[0-9]*)\.[a-z]+\.(org|io|com)\>' |
		grep -viE '\.example\.' | sed 's/$/  <- names a package registry/'
}

check_tree()
{
	cd "$1"
	found=$(check_c; check_names; check_words)
	[ -z "$found" ] && return
	echo "$found"
	return 1
}

check_format()
{
	cd "$tests/.."
	tool=
	for candidate in clang-format-$clang_format_version clang-format; do
		"$candidate" --version 2>/dev/null | grep -q "version $clang_format_version\." &&
			tool=$candidate && break
	done
	if [ -z "$tool" ]; then
		echo "SKIP: clang-format $clang_format_version is not installed here"
		exit 77
	fi
	c_files | xargs "$tool" --dry-run --Werror
}

# expect FILE TEXT MESSAGE: a tree with this one file must be refused with MESSAGE.
expect()
{
	rm -rf "${scratch:?}/lib"
	mkdir -p "$scratch/lib/base"
	printf '%b' "$2" >"$scratch/lib/base/$1"
	if said=$(check_tree "$scratch"); then
		echo "not found in $1: $3"
		exit 1
	fi
	case $said in
	*"$3"*) ;;
	*)
		echo "wrong complaint for $1: $said"
		exit 1
		;;
	esac
}

lines()
{
	awk -v n="$1" 'BEGIN { while (n-- > 0) printf "\\tx();\\n" }'
}

self_test()
{
	scratch=$(mktemp -d)
	trap 'rm -rf "$scratch"' EXIT
	mkdir -p "$scratch/lib/base"
	printf 'int f(void)\n{\n%b}\n/* strcpy(a, b) */\nconst char *s = "strcpy(";\n' \
		"$(lines 68)" >"$scratch/lib/base/good.c"
	check_tree "$scratch" || exit 1

	expect long.c "int f(void)\n{\n$(lines 69)}\n" 'function of 71 lines'
	expect long.c "int f(void) {\n$(lines 69)}\n" 'function of 71 lines'
	expect file.c "$(lines 801)" 'file of 801 lines'
	expect wide.c "\t$(lines 100 | tr -d '\\\tn;()')\n" 'columns'
	expect ban.c 'void f(void)\n{\n\tstrcpy (a, b);\n}\n' 'strcpy is banned'
	expect ban.c 'void f(void)\n{\n\tn = atoi(a); /* why */\n}\n' 'atoi is banned'
	expect util.c 'int x;\n' 'named for what it does'
	expect note.c '/* TO''DO: later */\n' 'a note left behind'
	expect path.c 'const char *p = "/wor''k/main";\n' 'a path of one machine'
	expect host.c '/* see deb.de''bian.org */\n' 'names a package registry'
	echo 'every planted violation was found'
}

case ${1:-} in
--self-test) self_test ;;
--format) check_format ;;
*) check_tree "${1:-$tests/..}" ;;
esac
