# check_layers.awk: reads the table of allowed includes, then C files; prints violations.
# Called by check_layers.sh with -v table=FILE.

function load(line, word, n, i) {
	while ((getline line < table) > 0) {
		n = split(line, word, " ")
		if (n < 2 || word[1] ~ /^#/)
			continue
		if (word[1] == "layer")
			is_layer[word[2]] = 1
		else
			header[++headers] = word[2]
		for (i = 3; i <= n; i++)
			allowed[word[1], word[2], word[i]] = 1
		kind[word[2]] = word[1]
		if (word[1] == "library")
			owners[word[2]] = substr(line, index(line, word[2]) + length(word[2]) + 1)
	}
}

function complain(what) {
	print FILENAME ":" FNR ": " what
}

function granted(what, name) {
	return ((what, name, layer) in allowed) || ((what, name, "*") in allowed)
}

function check_project(target) {
	if (target ~ /\.\./)
		complain("\"" target "\" is a path out of the folder")
	if (target !~ /\// || target ~ /\.\./)
		return
	sub(/\/.*/, "", target)
	if (target != layer && !(("layer", layer, target) in allowed) &&
	    !(("layer", layer, "*") in allowed))
		complain(layer " may not include " target)
}

function matches(name, row) {
	if (row ~ /\*$/)
		return index(name, substr(row, 1, length(row) - 1)) == 1
	return name == row
}

function check_header(name, i, row) {
	for (i = 1; i <= headers; i++) {
		row = header[i]
		if (!matches(name, row))
			continue
		if (kind[row] == "library" && !granted("library", row))
			complain("<" name "> belongs to " owners[row] ", not to " layer)
		return
	}
	complain("<" name "> stands in no row of tests/layers.txt")
}

BEGIN {
	load()
}

FNR == 1 {
	layer = FILENAME
	sub(/^lib\//, "", layer)
	sub(/\/.*/, "", layer)
	if (!(layer in is_layer))
		complain(layer " is no layer of tests/layers.txt")
}

/^[ \t]*#[ \t]*include[ \t]*"/ {
	split($0, part, "\"")
	check_project(part[2])
}

/^[ \t]*#[ \t]*include[ \t]*</ {
	split($0, part, /[<>]/)
	check_header(part[2])
}
